// What the audit log has, in words for people. Pure but for the language.

import { ROLES } from '../accounts/roles.js';
import { fullTime, listOf, t } from '../i18n.js';

const ACTIONS = [
  'account.change', 'account.create', 'account.delete', 'account.leave', 'account.sign_out', 'backup.make', 'collection.create', 'collection.delete', 'collection.rename',
  'command.pause', 'command.permit', 'command.resume', 'held.approve', 'held.reject', 'hook.change', 'hook.create', 'hook.delete', 'identity.link', 'identity.unlink', 'invitation.create', 'invitation.revoke',
  'message.delete', 'moderation.clear', 'owner_key.replace', 'passkey.add', 'passkey.remove', 'people.merge', 'people.unmerge', 'recovery_codes.renew', 'report.settle',
  'room.add_person', 'room.change', 'room.collections', 'room.delete', 'room.remove_person', 'sanction.add', 'sanction.end',
  'second_factor.add', 'second_factor.remove', 'settings.change', 'store.compact',
  'token.create', 'token.revoke',
];

const FIELDS = [
  'access', 'allow', 'archived', 'bot', 'collections', 'days', 'disabled', 'filter_members', 'hold_days', 'hold_guests', 'jobs', 'keep_days', 'keep_messages', 'kind', 'link_hosts', 'links', 'messages', 'moderation', 'name', 'on_found', 'password', 'patterns', 'persona', 'posting', 'role', 'room', 'rooms',
  'schedules', 'scopes', 'second_factor', 'slow_seconds', 'template', 'title', 'topic', 'until', 'uses', 'words',
];

// Values that are words of the protocol: under which key each has its words.
const VALUES = {
  role: (value) => t(`role.${value}`),
  allow: (value) => (ROLES.includes(value) ? t(`role.${value}`) : value),
  second_factor: () => t('audit.removed'),
  access: (value) => t(`settings.access-${value}`),
  kind: (value) => t(['ban', 'mute'].includes(value) ? `sanctions.${value}` : `room.kind-${value}`),
  messages: (value) => (typeof value === 'number' ? String(value) : t(`own-data.messages-${value}`)),
  scopes: (values) => listOf(values.map((value) => t(`tokens.scope-${value}`))),
  posting: (value) => t(`audit.posting-${value}`),
  bot: (value) => t(`audit.bot-${value}`),
  links: (value) => t(`filter.links-${value}`),
  on_found: (value) => t(`filter.on-found-${value}`),
  until: (value) => fullTime(new Date(value)),
  persona: () => t('audit.another'),
  password: () => t('audit.another'),
};

/** What was done. An action that has no words, of another version, is called as the server calls it. */
export const actionWords = (action) => (ACTIONS.includes(action) ? t(`audit.did-${action}`) : action);

/** To what. Settings are called as the page calls them. */
export const subjectWords = (action, subject) => (action === 'settings.change' && FIELDS.includes(subject) ? t(`audit.field-${subject}`) : subject);

/** `[{field, from, to}]`, each a text; `field` is null where the whole thing was changed, `from` and `to` where nothing is known. */
export function changesOf(before, after) {
  if (!isObject(before) && !isObject(after)) {
    const [from, to] = [words(null, before), words(null, after)];
    return from === null && to === null ? [] : [{ field: null, from, to }];
  }
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => FIELDS.includes(name));
  const changes = fields.map((name) => ({ field: t(`audit.field-${name}`), from: words(name, before?.[name]), to: words(name, after?.[name]) }));
  return changes.filter(({ from, to }) => from !== to);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function words(name, value) {
  // What is false was not changed where nothing was known before.
  if (value === null || value === undefined || (name === 'password' && !value)) return null;
  if (Array.isArray(value) && value.length === 0) return null;
  if (VALUES[name]) return VALUES[name](value);
  if (typeof value === 'boolean') return t(value ? 'audit.yes' : 'audit.no');
  if (Array.isArray(value)) return listOf(value.map(String));
  if (ACCESS.includes(value)) return t(`settings.access-${value}`);
  return String(value);
}

// The setting is written without its name.
const ACCESS = ['open', 'invite', 'members'];
