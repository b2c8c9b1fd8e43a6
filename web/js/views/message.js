// One message: who, when, what, and whether it has arrived.

import { toRepeat } from '../commands.js';
import { html } from '../html.js';
import { clockTime, duration, fullTime, shortTime, t } from '../i18n.js';
import { shownName } from '../names.js';
import { openMenu } from '../ui.js';
import { Avatar, colourOf } from './avatar.js';
import { Icon } from './icons.js';
import { actionsOn } from './message_actions.js';
import { Rating, Reactions, ReactTool } from './reactions.js';
import { RoleMark } from './role_mark.js';
import { Sources } from './sources.js';
import { Text, WrittenText } from './text.js';

export function Message({ app, room, row }) {
  const { message, at, head, state } = row;
  if (message.role === 'system') return html`<${SystemMessage} row=${row} />`;
  return html`
    <article class="message ${head ? 'head' : ''} ${row.latest ? 'latest' : ''} ${row.found ? 'found' : ''} ${row.touched ? 'touched' : ''}" data-key=${row.key}
      data-testid="message" data-seq=${message.seq} data-id=${message.id} data-state=${state}
      data-author=${message.handle} data-time=${fullTime(at)}>
      ${head && html`<${Avatar} handle=${message.handle} role=${message.role} />`}
      ${head ? html`<${Head} message=${message} at=${at} />` : html`<${QuietTime} message=${message} at=${at} />`}
      ${row.asked && html`<${Asked} app=${app} room=${room} row=${row} />`}
      <${Body} app=${app} message=${message} />
      <${Outcome} app=${app} room=${room} message=${message} />
      <${Reactions} app=${app} room=${room} message=${message} />
      ${row.own && html`<${Arrival} state=${state} />`}
      ${state === 'held' && html`<footer class="outcome" data-outcome="held"><span class="state">${t('message.held-means')}</span></footer>`}
      ${state === 'rejected' && html`<${Rejected} app=${app} room=${room} row=${row} />`}
      ${state === 'failed' && html`<${Failed} app=${app} room=${room} row=${row} />`}
      <${Tools} app=${app} room=${room} message=${message} tabindex=${row.reached ? 0 : -1} />
    </article>
  `;
}

const SystemMessage = ({ row: { key, message, at } }) => html`
  <article class="system" data-key=${key} data-testid="message" data-seq=${message.seq} data-id=${message.id}
    data-state="stored" data-author=${message.handle} data-time=${fullTime(at)}>
    <span data-testid="message-text"><${Text} source=${message.message} /></span>
    <time datetime=${message.timestamp}>${clockTime(at)}</time>
  </article>
`;

const Head = ({ message, at }) => html`
  <header>
    <span class="author ${message.role === 'bot' ? 'bot' : colourOf(message.handle)}" data-testid="message-author">${shownName(message.handle)}</span>
    <${RoleMark} of=${message} />
    <time datetime=${at.toISOString()} title=${fullTime(at)}>${clockTime(at)}</time>
  </header>
`;

// Shown on hover and read out, so that a group of messages stays quiet.
const QuietTime = ({ message, at }) => html`
  <header class="quiet">
    <span class="unseen" data-testid="message-author">${shownName(message.handle)}</span>
    <time datetime=${at.toISOString()} title=${fullTime(at)}>${shortTime(at)}</time>
  </header>
`;

function Asked({ app, room, row }) {
  const question = room.at(row.asked);
  const text = row.message.query ?? question?.message;
  if (!text) return null;
  const asker = question && shownName(question.handle);
  const show = () => {
    app.wantedMessage.value = row.asked;
  };
  return html`
    <button type="button" class="asked" onClick=${show}>
      <${Icon} name="reply" />${asker && html`<b>${asker}</b>`}<span>${text}</span>
    </button>
  `;
}

function Body({ app, message }) {
  if (message.deleted) return html`<div class="text deleted" data-testid="message-text">${t('message.deleted')}</div>`;
  if (message.results?.length > 0 || message.unsupported) return html`<${Answer} app=${app} message=${message} />`;
  return html`<div class="text" data-testid="message-text">${isOfProgram(message)
    ? html`<${WrittenText} source=${message.message} results=${NO_RESULTS} />`
    : html`<${Text} source=${message.message} />`}</div>`;
}

// What programs post by a hook or a token has bold words, as what a language model writes.
const isOfProgram = ({ role, job }) => role === 'bot' && !job;

const NO_RESULTS = [];

// Passages that are the answer need no words beside them: what the message says for
// clients without cards would say them twice.
function Answer({ app, message }) {
  const { answered_by: by, note, results = [] } = message;
  const quoted = by === 'passages';
  return html`
    <div data-testid="answer" data-answered-by=${by}>
      ${note && html`<p class="answer-note" data-testid="answer-note">${note}</p>`}
      <div class=${quoted ? 'answer-lead' : 'text'} data-testid="message-text">
        ${quoted ? t('answer.passages', { n: results.length }) : html`<${WrittenText} source=${withoutNote(message)} results=${results} unsupported=${message.unsupported} />`}</div>
      ${results.length > 0 && html`<${Sources} app=${app} message=${message} quoted=${quoted} />`}
    </div>
  `;
}

// It stands at the top of the text as well, for clients that know nothing of notes. A text with a note has no unsupported ranges.
const withoutNote = ({ message, note }) => (note && message.startsWith(note) ? message.slice(note.length).trimStart() : message);

function Outcome({ app, room, message }) {
  if (!message.job_state || message.deleted) return null;
  const ended = message.job_state !== 'completed';
  const query = room.at(message.reply_to)?.message || toRepeat(message.query);
  return html`
    <footer class="outcome" data-outcome=${message.job_state}>
      ${ended && html`<span class="state">${t(`job.${message.job_state}`)}</span>`}
      ${message.took_ms !== undefined && html`<span>${t('job.took', { time: duration(message.took_ms) })}</span>`}
      ${ended && query && html`
        <button type="button" class="link" onClick=${() => app.post(query)}><${Icon} name="again" />${t('job.again')}</button>`}
      <${Rating} app=${app} room=${room} message=${message} />
    </footer>
  `;
}

const Arrival = ({ state }) => html`
  <span class="arrival" title=${t(`message.${state}`)}>
    <${Icon} name=${{ waiting: 'clock', held: 'clock', stored: 'tick', failed: 'alert', rejected: 'alert' }[state]} />
    <span class="unseen">${t(`message.${state}`)}</span>
  </span>
`;

const Failed = ({ app, room, row }) => html`
  <footer class="outcome" data-outcome="failed" role="alert">
    <span class="state">${row.reason ?? t('message.failed')}</span>
    <button type="button" class="link" onClick=${() => app.chat.tryAgain(room.name, row.message.id)}>
      <${Icon} name="again" />${t('message.again')}</button>
    <button type="button" class="link" onClick=${() => app.takeBack(row.message)}>${t('message.edit')}</button>
  </footer>
`;

const Rejected = ({ app, room, row }) => html`
  <footer class="outcome" data-outcome="failed" role="alert">
    <span class="state">${t('message.rejected-means')}</span>
    <button type="button" class="link" onClick=${() => app.takeBack(row.message)}>${t('message.edit')}</button>
    <button type="button" class="link" onClick=${() => app.chat.discard(room.name, row.message.id)}>${t('message.discard')}</button>
  </footer>
`;

function Tools({ app, room, message, tabindex }) {
  if (!message.seq || message.deleted || !app.isShared(room.name)) return null;
  const items = actionsOn(app, room, message);
  const label = t('message.actions', { name: shownName(message.handle) });
  return html`
    <span class="tools">
      <${ReactTool} app=${app} room=${room} message=${message} tabindex=${tabindex} />
      ${app.may('delete_message') && html`
        <button type="button" class="tool" data-testid="message-delete" tabindex=${tabindex} aria-label=${t('message.delete')}
          title=${t('message.delete')} onClick=${() => app.deleteMessage(room.name, message.seq)}>
          <${Icon} name="trash" />
        </button>`}
      ${items.length > 0 && html`
        <button type="button" class="tool" data-testid="message-more" tabindex=${tabindex} aria-haspopup="menu" aria-label=${label} title=${label}
          onClick=${({ currentTarget }) => openMenu(currentTarget, { label, items })}>
          <${Icon} name="more" />
        </button>`}
    </span>
  `;
}
