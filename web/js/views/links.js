// Links within the page: real ones, so that they can be copied and opened elsewhere.

/** What a click on such a link does. A new tab or window is the browser's business. */
export const insidePage = (go) => (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go();
};
