// What a room is called and is about, who may enter and write, and its end.

import { html } from '../../html.js';
import { clockTime, span, t } from '../../i18n.js';
import { bytes } from '../../sizes.js';
import { closeDialog, notify } from '../../ui.js';
import { Choice, Field, FormProblem, useFields, useForm } from '../form.js';
import { askToArchive, askToDelete } from './ends.js';

// A closed room stays closed: what was said in it was not for everybody.
const KINDS = { public: ['public', 'unlisted', 'closed'], unlisted: ['public', 'unlisted', 'closed'] };
const POSTING = ['everyone', 'members', 'moderators'];
const PAUSES = [0, 5, 10, 30, 60, 300, 900, 3_600];
const DAYS = [0, 1, 7, 30, 90, 365];
const MESSAGES = [0, 100, 1_000, 10_000, 100_000];

export function General({ app, room }) {
  const before = { title: room.title ?? '', topic: room.topic ?? '', kind: room.kind, posting: room.posting, slow_seconds: String(room.slow_seconds),
    keep_days: own(room.retention.keep_days), keep_messages: own(room.retention.keep_messages), hold_guests: String(room.hold_guests ?? false) };
  const fields = useFields(before);
  const form = useForm({
    act: async () => {
      await app.changeRoom(room.name, changed(before, fields));
      closeDialog();
      notify(t('room-settings.was-saved'), { kind: 'done' });
    },
    isReady: () => true,
  });
  const pauses = [...new Set([...PAUSES, room.slow_seconds])].sort((a, b) => a - b);
  return html`
    <form ...${form.handlers} data-testid="room-general">
      <${Field} form=${form} name="title" label=${t('room-settings.room-title')} value=${fields.title} data-testid="room-settings-title"
        placeholder=${room.name} maxlength="80" autocomplete="off" autofocus />
      <${Field} form=${form} name="topic" label=${t('room-settings.topic')} value=${fields.topic} data-testid="room-settings-topic" maxlength="300" autocomplete="off" />
      ${KINDS[room.kind] && html`
        <${Choice} label=${t('room-settings.kind')} value=${fields.kind} data-testid="room-settings-kind"
          options=${KINDS[room.kind].map((kind) => [kind, t('room-settings.kind-and-meaning', { kind: t(`room.kind-${kind}`), means: t(`room.means-${kind}`) })])} />`}
      ${fields.kind.value === 'closed' && html`<p class="choice-means" data-testid="room-settings-closing">${t(room.kind === 'closed' ? 'room-settings.is-closed' : 'room-settings.closing')}</p>`}
      <div class="side-by-side">
        <${Choice} label=${t('room-settings.posting')} value=${fields.posting} data-testid="room-settings-posting"
          options=${POSTING.map((who) => [who, t(`room-settings.posting-${who}`)])} />
        <${Choice} label=${t('room-settings.slow')} value=${fields.slow_seconds} data-testid="room-settings-slow"
          options=${pauses.map((seconds) => [String(seconds), seconds === 0 ? t('room-settings.slow-off') : t('room-settings.slow-every', { time: span(seconds * 1_000) })])} />
      </div>
      <${Keeping} room=${room} before=${before} fields=${fields} />
      ${room.quota_bytes && html`<p class="choice-means" data-testid="room-settings-size">${t('room-settings.size', { size: bytes(room.bytes), quota: bytes(room.quota_bytes) })}</p>`}
      ${['public', 'unlisted'].includes(fields.kind.value) && html`
        <label class="check"><input type="checkbox" data-testid="room-settings-hold" checked=${fields.hold_guests.value === 'true'}
          onChange=${({ target }) => { fields.hold_guests.value = String(target.checked); }} /><span>${t('room-settings.hold-guests')}</span><small>${t('held.hold-guests-means')}</small></label>`}
      <${FormProblem} form=${form} />
      <div class="buttons">
        <${Ends} app=${app} room=${room} />
        <span class="spacer"></span>
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="room-settings-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
      </div>
    </form>
  `;
}

// Nothing stands for what holds in all rooms.
const own = (value) => (value === null ? '' : String(value));

function Keeping({ room, before, fields }) {
  const { for_all_rooms: all, may_exceed: mayExceed, purge_at: at } = room.retention;
  const choice = (name, presets, words) => {
    const isLess = (value) => mayExceed || all[name] === 0 || (value > 0 && value <= all[name]);
    const known = room.retention[name];
    const values = [...new Set([...presets.filter(isLess), ...(known === null ? [] : [known])])].sort((a, b) => a - b);
    return html`<${Choice} label=${t(`room-settings.${words}`)} value=${fields[name]} data-testid="room-settings-${words}"
      options=${[['', t('room-settings.keep-as-all', { value: kept(words, all[name]) })], ...values.map((value) => [String(value), kept(words, value)])]} />`;
  };
  const isLess = ['keep_days', 'keep_messages'].some((name) => fields[name].value !== before[name] && Number(fields[name].value || all[name]) > 0);
  return html`
    <div class="side-by-side">${choice('keep_days', DAYS, 'keep-days')}${choice('keep_messages', MESSAGES, 'keep-messages')}</div>
    ${isLess && html`<p class="choice-means" role="status" data-testid="room-settings-removing">${at ? t('room-settings.removing', { time: clockTime(new Date(at)) }) : t('room-settings.removing-soon')}</p>`}
  `;
}

const kept = (words, n) => (n === 0 ? t(`room-settings.${words}-all`) : t(`room-settings.${words}-some`, { n }));

const asNumber = (text) => (text === '' ? null : Number(text));

const WRITTEN = { slow_seconds: asNumber, keep_days: asNumber, keep_messages: asNumber, hold_guests: (value) => value === 'true' };

function changed(before, fields) {
  const now = Object.entries(fields).map(([name, { value }]) => [name, value.trim()]).filter(([name, value]) => value !== before[name]);
  return Object.fromEntries(now.map(([name, value]) => [name, name in WRITTEN ? WRITTEN[name](value) : value]));
}

const Ends = ({ app, room }) => html`
  <button type="button" class="link" data-testid="room-archive" onClick=${() => askToArchive(app, room)}>${t(room.archived ? 'room-settings.restore' : 'room-settings.archive')}</button>
  <button type="button" class="link bad" data-testid="room-delete" onClick=${() => askToDelete(app, room)}>${t('room-settings.delete')}</button>
`;
