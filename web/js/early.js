// Runs before the first paint, as a classic script, so that a remembered theme or
// language does not flash the other one. Knows nothing else.

{
  const remembered = (key) => {
    try {
      return JSON.parse(localStorage.getItem(`chatbot.${key}`));
    } catch {
      return null;
    }
  };
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const root = document.documentElement;
  root.dataset.theme = remembered('theme') ?? system;
  root.lang = remembered('locale') ?? root.lang;
}
