// Copying several messages gives their text with author and time, not the page's
// buttons and ticks. Knows only the elements of the message list.

/** To be called on `copy` inside the list. Within one message the browser does it right. */
export function copyMessages(event) {
  const selection = getSelection();
  if (selection.isCollapsed) return;
  const list = event.currentTarget;
  const chosen = [...list.querySelectorAll('[data-testid="message"]')].filter((message) => selection.containsNode(message, true));
  if (chosen.length < 2) return;
  event.clipboardData.setData('text/plain', chosen.map((message) => describe(message, selection)).join('\n\n'));
  event.preventDefault();
}

function describe(message, selection) {
  const { author, time } = message.dataset;
  return `${author}, ${time}\n${selectedText(message, selection)}`;
}

// The first and the last message are often chosen in part.
function selectedText(message, selection) {
  const text = message.querySelector('[data-testid="message-text"]');
  const range = document.createRange();
  range.selectNodeContents(text);
  const chosen = selection.getRangeAt(0);
  if (text.contains(chosen.startContainer)) range.setStart(chosen.startContainer, chosen.startOffset);
  if (text.contains(chosen.endContainer)) range.setEnd(chosen.endContainer, chosen.endOffset);
  return range.toString();
}
