// A short list of what can be done about something, beside the button that opens it. Knows no particular one.

import { html, useLayoutEffect, useRef } from '../html.js';
import { closeMenu, menu } from '../ui.js';

const GAP = 4;

export function Menu() {
  return menu.value && html`<${Opened} key=${menu.value.id} ...${menu.value} />`;
}

// The browser closes it on Escape and when one clicks elsewhere, and gives the focus back.
function Opened({ id, button, label, items, look }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    element.current.showPopover();
    putBeside(element.current, button.getBoundingClientRect());
    element.current.firstElementChild.focus();
    addEventListener('scroll', closeMenu, { capture: true });
    addEventListener('resize', closeMenu);
    return () => {
      removeEventListener('scroll', closeMenu, { capture: true });
      removeEventListener('resize', closeMenu);
    };
  }, []);
  // Another may have been opened by the click that closed this one.
  const closed = ({ newState }) => newState === 'closed' && menu.value?.id === id && closeMenu();
  const choose = (act) => {
    button.focus();
    closeMenu();
    act();
  };
  return html`
    <div class=${`menu ${look ?? ''}`} ref=${element} popover="auto" role="menu" aria-label=${label} onToggle=${closed} onKeyDown=${moveFocus}>
      ${items.map(({ name, words, act }) => html`
        <button type="button" key=${name} role="menuitem" tabindex="-1" data-testid="menu-${name}" onClick=${() => choose(act)}>${words}</button>`)}
    </div>
  `;
}

// Below the button, or above it where there is no place below.
function putBeside(element, { top, bottom, right }) {
  const { width, height } = element.getBoundingClientRect();
  const fits = bottom + GAP + height <= innerHeight;
  element.style.left = `${Math.max(GAP, right - width)}px`;
  element.style.top = `${Math.max(GAP, fits ? bottom + GAP : top - GAP - height)}px`;
}

function moveFocus(event) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(document.activeElement);
  const [next, before] = [at + 1, at - 1 + items.length];
  const to = { ArrowDown: next, ArrowRight: next, ArrowUp: before, ArrowLeft: before, Home: 0, End: items.length - 1 }[event.key];
  // The page's own keys mean nothing here.
  event.stopPropagation();
  if (event.key === 'Tab') return closeMenu();
  if (to === undefined) return undefined;
  event.preventDefault();
  return items[to % items.length].focus();
}
