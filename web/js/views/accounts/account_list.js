// The list of accounts: the role of each, and what can be done about it.

import { mayChange, rolesToGive } from '../../accounts/roles.js';
import { html } from '../../html.js';
import { dateOf, fullTime, locale, day, t } from '../../i18n.js';
import { notify, openDialog, openMenu } from '../../ui.js';
import { Avatar } from '../avatar.js';
import { Icon } from '../icons.js';
import { Listed, More } from '../paged_list.js';

const COLUMNS = ['name', 'role', 'since', 'seen'];

export const AccountList = ({ app, directory }) => html`
  <${Listed} list=${directory}><${Table} app=${app} directory=${directory} /><//>
`;

function Table({ app, directory }) {
  const accounts = directory.items.value;
  if (accounts.length === 0) return html`<p class="nothing" role="status" data-testid="people-nothing">${t('accounts.none-fits')}</p>`;
  return html`
    <table class="table acted-on people-table" data-testid="people-table" aria-label=${t('accounts.title')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`accounts.column-${name}`)}</th>`)}
        <th class="act"><span class="unseen">${t('column.act')}</span></th></tr></thead>
      <tbody>${accounts.map((account) => html`<${Row} key=${account.id} app=${app} directory=${directory} account=${account} />`)}</tbody>
    </table>
    <${More} list=${directory} testid="people-more" words=${t('accounts.more')} />
  `;
}

function Row({ app, directory, account }) {
  const { id, name, disabled, created_at: since, last_seen_at: seen } = account;
  const user = app.chat.user.value;
  const isOneself = user.account && user.handle === name;
  const isChangeable = !isOneself && mayChange(user.role, account.role);
  return html`
    <tr data-testid="person" data-account=${id} data-disabled=${disabled}>
      <td class="name"><span class="person"><${Avatar} handle=${name} role="user" /><span class="person-name" data-testid="person-name">${name}</span>
        ${isOneself && html`<span class="tag">${t('accounts.oneself')}</span>`}
        ${disabled && html`<span class="tag" data-testid="person-disabled">${t('accounts.disabled')}</span>`}</span></td>
      <td class="role">${isChangeable ? html`<${RoleChoice} app=${app} directory=${directory} account=${account} />` : t(`role.${account.role}`)}</td>
      <td class="since"><time datetime=${since} title=${fullTime(new Date(since))}>${dateOf(new Date(since))}</time></td>
      <td class="seen">${seen
        ? html`<time datetime=${seen} title=${fullTime(new Date(seen))}><span class="only-card">${t('account.last-seen', { time: day(new Date(seen)) })}</span>
            <span class="only-table">${day(new Date(seen))}</span></time>`
        : t('accounts.never-seen')}</td>
      <td class="act">${isChangeable && html`<${Actions} app=${app} directory=${directory} account=${account} />`}</td>
    </tr>
  `;
}

// An option that is made anew with each language keeps its value when its words change.
function RoleChoice({ app, directory, account }) {
  const give = async (role) => {
    const changed = await change(app, directory, account, { role });
    if (!changed) return;
    const undo = () => change(app, directory, account, { role: account.role });
    notify(t('accounts.role-was-given', { name: account.name, role: t(`role.${role}`) }), { kind: 'done', action: { label: t('undo'), run: undo } });
  };
  const choose = (event) => {
    const wanted = event.target.value;
    // What is shown is what the server has.
    event.target.value = account.role;
    give(wanted);
  };
  return html`
    <select key=${locale.value} data-testid="person-role" aria-label=${t('accounts.role-of', { name: account.name })} value=${account.role} onChange=${choose}>
      ${rolesToGive(app.chat.user.value.role).map((role) => html`<option value=${role} selected=${role === account.role}>${t(`role.${role}`)}</option>`)}
    </select>
  `;
}

function Actions({ app, directory, account }) {
  const label = t('accounts.actions', { name: account.name });
  return html`
    <button type="button" class="tool" data-testid="person-more" aria-haspopup="menu" aria-label=${label} title=${label}
      onClick=${({ currentTarget }) => openMenu(currentTarget, { label, items: actionsOn(app, directory, account) })}>
      <${Icon} name="more" />
    </button>
  `;
}

function actionsOn(app, directory, account) {
  const { name, disabled, second_factor: factor } = account;
  const open = (dialog, about) => openDialog(dialog, { ...about, done: () => directory.refresh() });
  const actions = [
    ['password', 'accounts.set-password', () => open('set-password', { account })],
    factor && ['reset-factors', 'accounts.reset-factors', () => resetFactors(app, directory, account)],
    ['sign-out', 'accounts.sign-out', () => signOut(app, directory, account)],
    ['merge', 'merge.open', () => open('merge', { whom: { handle: name }, who: name })],
    disabled
      ? ['enable', 'accounts.enable', () => change(app, directory, account, { disabled: false })]
      : ['disable', 'accounts.disable', () => disable(app, directory, account)],
    ['remove', 'accounts.remove', () => open('remove-account', { account })],
  ];
  return actions.filter(Boolean).map(([action, words, act]) => ({ name: action, words: t(words), act }));
}

/** Says whether it was done; otherwise a notice says why not. */
async function change(app, directory, { id }, wanted) {
  try {
    directory.changed(await app.changeAccount(id, wanted));
    return true;
  } catch (error) {
    notify(error.message);
    return false;
  }
}

function signOut(app, directory, { id, name }) {
  openDialog('confirm', {
    title: t('accounts.sign-out-this', { name }),
    text: t('accounts.sign-out-means'),
    label: t('accounts.sign-out'),
    act: async () => {
      await app.signOutAccount(id);
      notify(t('accounts.was-signed-out', { name }), { kind: 'done' });
      directory.refresh();
    },
  });
}

function resetFactors(app, directory, { id, name }) {
  openDialog('confirm', {
    title: t('accounts.reset-factors-this', { name }),
    text: t('accounts.reset-factors-means'),
    label: t('accounts.reset-factors'),
    act: async () => directory.changed(await app.changeAccount(id, { second_factor: false })),
  });
}

function disable(app, directory, { id, name }) {
  openDialog('confirm', {
    title: t('accounts.disable-this', { name }),
    text: t('accounts.disable-means'),
    label: t('accounts.disable'),
    act: async () => directory.changed(await app.changeAccount(id, { disabled: true })),
  });
}
