// Who is kept out or silent, and for how long; ending that, and keeping out a name or a network.

import { html, useSignal } from '../../html.js';
import { day, fullTime, t } from '../../i18n.js';
import { notify, undoing } from '../../ui.js';
import { Choice, Field, FormProblem, useForm } from '../form.js';
import { FOR_EVER, termOf, TERMS, termWords } from '../moderation/terms.js';
import { ShortListState, useShortList } from '../short_list.js';

export function Sanctions({ app }) {
  const list = useShortList(app.fetchSanctions, app.endSanction);
  return html`
    <div class="page-body">
      <${NewSanction} app=${app} made=${list.refresh} />
      <${ShortListState} list=${list} testid="sanctions-nothing" empty=${t('sanctions.none')} />
      <ul class="sanctions">
        ${list.items?.map((sanction) => html`<${Sanction} key=${sanction.id} sanction=${sanction} end=${() => list.drop(sanction)} />`)}
      </ul>
    </div>
  `;
}

function Sanction({ sanction, end }) {
  const { kind, until, reason, by, created_at: created } = sanction;
  const who = whoWords(sanction);
  const [made, ends] = [new Date(created), until && new Date(until)];
  return html`
    <li data-testid="sanction" data-kind=${kind}>
      <div class="sanction-what">
        <span><b>${who}</b> · ${t(`sanctions.${kind}`)} · ${ends
          ? html`<time datetime=${until} title=${fullTime(ends)}>${t('sanctions.until', { time: day(ends) })}</time>`
          : t('sanctions.for-ever')}</span>
        <span class="soft">${reason && `${reason} · `}<time datetime=${created} title=${fullTime(made)}>${t('sanctions.by', { name: by, time: day(made) })}</time></span>
      </div>
      <button type="button" class="link" data-testid="sanction-end" aria-label=${t('sanctions.end-this', { name: who })} onClick=${end}>${t('sanctions.end')}</button>
    </li>
  `;
}

/** Addresses are known by whoever wrote from there: they themselves are not kept. */
const whoWords = ({ handle, address, network }) => network?.replace(ONE, '') ?? (address ? t('sanctions.address', { name: handle }) : handle);

// As the server writes a network that is an address.
const ONE = /(?<=\..*)\/32$|\/128$/;
const ADDRESS = /^(?=.*[.:])[\da-f:.]+$/i;

/** A name, a network, or an address, which is a network of one. */
function subjectOf(typed) {
  const [address, length] = typed.split('/');
  if (!ADDRESS.test(address)) return { handle: typed };
  return { network: length ? typed : `${typed}/${address.includes(':') ? 128 : 32}` };
}

function NewSanction({ app, made }) {
  const who = useSignal('');
  const kind = useSignal('ban');
  const minutes = useSignal('1440');
  const form = useForm({
    act: async () => {
      const sanction = await app.stop({ kind: kind.value, ...subjectOf(who.value.trim()), ...termOf(minutes.value) });
      notify(t(`stop.was-${kind.value}`, { name: who.value.trim() }), { kind: 'done', action: undoing(() => app.liftSanction(sanction).then(made)) });
      who.value = '';
      made();
    },
    isReady: () => Boolean(who.value.trim()),
    fieldOf: { not_found: 'who', bad_handle: 'who', bad_network: 'who' },
  });
  return html`
    <form class="new-sanction page-form" ...${form.handlers} data-testid="new-sanction" aria-label=${t('sanctions.new')}>
      <${Field} form=${form} name="who" label=${t('sanctions.who')} value=${who} data-testid="sanction-who" placeholder="192.0.2.0/24" maxlength="64" autocomplete="off" />
      <${Choice} label=${t('stop.kind')} value=${kind} data-testid="sanction-kind" options=${['ban', 'mute'].map((one) => [one, t(`sanctions.do-${one}`)])} />
      <${Choice} label=${t('stop.term')} value=${minutes} data-testid="sanction-term" options=${[...TERMS, FOR_EVER].map((term) => [term, termWords(term)])} />
      <button type="submit" class="primary" data-testid="sanction-make" aria-disabled=${form.isWaiting()}>${t(`stop.${kind.value}`)}</button>
      <${FormProblem} form=${form} />
    </form>
  `;
}
