// What is not let through as it is written: words, patterns and links, and whose messages wait for approval.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { notify } from '../../ui.js';
import { Fetching, useFetched } from '../fetched.js';
import { Choice, Field, FormProblem, Radios, useFields, useForm } from '../form.js';

const LINKS = ['allowed', 'members', 'listed'];
const ON_FOUND = ['refuse', 'hold'];

export function ModerationSettings({ app }) {
  const fetched = useFetched(app.fetchModeration);
  const before = fetched.value;
  if (!before.value) return html`<${Fetching} fetched=${fetched} />`;
  // Made anew with other settings: its fields begin with them.
  return html`<${Settings} key=${JSON.stringify(before.value)} app=${app} before=${before} />`;
}

function Settings({ app, before }) {
  const { words, patterns, link_hosts: hosts, hold_days: days, hold_guests: holds, filter_members: members, links, on_found: found, set } = before.value;
  const fields = useFields({
    words: words.join('\n'), patterns: patterns.join('\n'), hosts: hosts.join('\n'), days: String(days),
    holds, members: String(members), links, found,
  });
  const saved = (settings) => {
    before.value = settings;
    notify(t('settings.was-saved'), { kind: 'done' });
  };
  const form = useForm({ act: async () => saved(await app.setModeration(settingsOf(fields))), isReady: () => true });
  const reset = useForm({ act: async () => saved(await app.resetModeration()), isReady: () => true });
  return html`
    <form class="settings page-form" ...${form.handlers} data-testid="moderation-settings">
      <h2>${t('filter.title')}</h2>
      <${Lines} form=${form} name="words" label=${t('filter.words')} help=${t('filter.words-help')} value=${fields.words} />
      <${Lines} form=${form} name="patterns" label=${t('filter.patterns')} help=${t('filter.patterns-help')} value=${fields.patterns} />
      <${Radios} name="links" label=${t('filter.links')} value=${fields.links} options=${LINKS.map((one) => [one, t(`filter.links-${one}`)])} />
      ${fields.links.value === 'listed' && html`
        <${Lines} form=${form} name="hosts" label=${t('filter.hosts')} help=${t('filter.hosts-help')} value=${fields.hosts} />`}
      <${Choice} label=${t('filter.for')} value=${fields.members} data-testid="filter-members"
        options=${[['false', t('filter.for-guests')], ['true', t('filter.for-members')]]} />
      <${Radios} name="on-found" label=${t('filter.on-found')} value=${fields.found} options=${ON_FOUND.map((one) => [one, t(`filter.on-found-${one}`), t(`filter.means-${one}`)])} />
      <h2>${t('held.settings')}</h2>
      <label class="check"><input type="checkbox" data-testid="hold-guests" checked=${fields.holds.value}
        onChange=${({ target }) => { fields.holds.value = target.checked; }} /><span>${t('held.hold-guests')}</span><small>${t('held.hold-guests-means')}</small></label>
      <${Field} form=${form} name="days" label=${t('held.days')} value=${fields.days} data-testid="hold-days" type="number" min="1" max="90" />
      ${set && html`<p class="soft">${t('filter.is-set')}</p>`}
      <${FormProblem} form=${form} /><${FormProblem} form=${reset} />
      <div class="settings-act">
        <button type="submit" class="primary" data-testid="moderation-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
        ${set && html`<button type="button" class="link" data-testid="moderation-reset" onClick=${reset.handlers.onSubmit}>${t('commands.reset')}</button>`}
      </div>
    </form>
  `;
}

const Lines = ({ form, name, label, help, value }) => html`
  <label class="lines">${label}
    <textarea name=${name} rows="4" data-testid="filter-${name}" spellcheck=${false} value=${value.value}
      onInput=${({ target }) => { value.value = target.value; form.forget(); }}></textarea><small>${help}</small></label>
`;

const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

const settingsOf = ({ words, patterns, hosts, days, holds, members, links, found }) => ({
  words: linesOf(words.value), patterns: linesOf(patterns.value), link_hosts: linesOf(hosts.value), hold_days: Number(days.value),
  hold_guests: holds.value, filter_members: members.value === 'true', links: links.value, on_found: found.value,
});
