// When to draw. Knows nothing of what is drawn.

/** Calls once before the page is next painted. A hidden page paints nothing, but its title still tells what is unread. */
export function beforePaint(act) {
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    act();
  };
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, 200);
}
