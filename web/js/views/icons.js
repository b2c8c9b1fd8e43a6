// The page's few drawings, one stroke width, in the colour of the text beside them.

import { html } from '../html.js';

const PATHS = {
  menu: 'M3 5h14M3 10h14M3 15h14',
  search: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 17 17',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5 5 15',
  send: 'M4 10h11M10.5 5.5 15 10l-4.5 4.5',
  people: 'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 17c.4-3 2.6-5 5.500-5s5.100 2 5.500 5M13.500 9.300a2.600 2.600 0 0 0 0-5M15.500 12.500c1.500.8 2.300 2.400 2.500 4.500',
  jobs: 'M4 5h12M4 10h8M4 15h5',
  sun: 'M10 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100',
  moon: 'M16.500 11.800A6.800 6.800 0 0 1 8.200 3.500a6.800 6.800 0 1 0 8.300 8.300z',
  key: 'M12.500 9.500a3.500 3.500 0 1 0-3-1.700L3 14.300V17h2.700v-2h2v-2l2.100-2.100c.8.400 1.700.6 2.700.6z',
  leave: 'M8 3.500H4.500v13H8M12.500 6.500 16 10l-3.500 3.500M16 10H8',
  eye: 'M2 10c1.800-3.300 4.500-5 8-5s6.200 1.700 8 5c-1.800 3.300-4.500 5-8 5s-6.200-1.700-8-5zM10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  device: 'M3.500 4.500h13v8.500h-13zM7 16.500h6M10 13v3.500',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4l2.500 2',
  tick: 'M4 10.500l4 4 8-9',
  alert: 'M10 6.500v4.500M10 13.800v.1M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15z',
  down: 'M10 4v11M5.500 10.500 10 15l4.500-4.500',
  trash: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.600L14 6',
  again: 'M16 10a6 6 0 1 1-1.800-4.300M16 3v3.500h-3.500',
  reply: 'M8 5 4 9l4 4M4 9h7a5 5 0 0 1 5 5v1',
  back: 'M16 10H5M9.500 5.500 5 10l4.500 4.500',
  unfold: 'M5.500 8 10 12.500 14.500 8',
  document: 'M5 3h6.500L15 6.500V17H5zM11.500 3v3.500H15M7.500 10h5M7.500 13h5',
  settings: 'M4 6h6M14 6h2M12 4v4M4 14h2M10 14h6M8 12v4',
  upload: 'M10 13V4M6 7.500 10 3.500l4 4M4 16.500h12',
  lock: 'M5 9.500h10v7H5zM7.200 9.500V6.800a2.800 2.800 0 0 1 5.600 0v2.700',
  more: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
  shield: 'M10 2.500l6 2.200v4.800c0 3.800-2.500 6.600-6 8-3.500-1.400-6-4.200-6-8V4.700z',
  write: 'M4 4.500h12v8.500H9.500L6 16v-3H4z',
  'thumb-up': 'M7 9v7H4V9zM7 9l3-6c1.200 0 2 .8 2 2v3h3.500c.9 0 1.500.8 1.300 1.700l-1 5c-.1.8-.8 1.300-1.500 1.300H7',
  'thumb-down': 'M7 11V4H4v7zM7 11l3 6c1.200 0 2-.8 2-2v-3h3.500c.9 0 1.500-.8 1.300-1.700l-1-5C15.700 4.500 15 4 14.300 4H7',
  smile: 'M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15zM6.800 12c.8 1.200 1.800 1.800 3.200 1.800s2.400-.6 3.200-1.800M7.500 8h.01M12.500 8h.01',
  room: 'M7.500 3 6 17M14 3l-1.500 14M3.500 7.500h13.500M3 12.500h13.500',
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;

/** The bot's face: a member like the others, recognisable at a glance. */
export const BotFace = () => html`
  <svg class="avatar bot-face" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <circle class="face" cx="16" cy="16" r="16" />
    <path class="line" d="M16 7v3" />
    <rect class="line" x="8" y="10" width="16" height="12" rx="5" />
    <path class="eyes" d="M13 15v2M19 15v2" />
  </svg>
`;
