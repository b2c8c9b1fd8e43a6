// Trying out what is found for a question, and why.

import { html, useEffect, useRef, useSignal } from '../../html.js';
import { locale, percent, t } from '../../i18n.js';
import { excerpt, plainPassage } from '../../marks.js';
import { documentsPath } from '../../router.js';
import { notify } from '../../ui.js';
import { FilterChoice } from '../filter_choice.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { Marked } from '../marked.js';
import { placeIn } from '../sources.js';

const SHOWN_LENGTH = 300;

/** `given`: what is tried at once. */
export function Trial({ app, given }) {
  const asked = useTrial(app);
  const question = useRef(null);
  useEffect(() => void (given && asked.ask(given)), []);
  const submit = (event) => {
    event.preventDefault();
    asked.ask(question.current.value);
  };
  const rooms = app.chat.listed.value.map(({ name }) => [name, app.titleOf(name)]);
  return html`
    <div class="page-body document-page trial" data-testid="trial">
      <a class="link back" href=${documentsPath()} onClick=${insidePage(() => app.openDocuments())}><${Icon} name="back" />${t('documents.title')}</a>
      <h2>${t('trial.title')}</h2>
      <p class="soft">${t('trial.means')}</p>
      <form class="filters trial-form" onSubmit=${submit}>
        <label class="list-search"><${Icon} name="search" /><input type="search" id="trial-question" data-testid="trial-question" ref=${question} defaultValue=${given ?? ''} placeholder=${t('trial.question')} aria-label=${t('trial.question')}
          maxlength="2000" autocomplete="off" required /></label>
        <${FilterChoice} testid="trial-room" any=${t('documents.everywhere')} value=${asked.room.value} set=${(room) => (asked.room.value = room)} options=${rooms} />
        <button class="primary" data-testid="trial-ask" disabled=${asked.busy.value}>${t('trial.ask')}</button>
      </form>
      ${asked.problem.value && html`<p class="nothing problem" role="alert">${asked.problem.value}</p>`}
      <div aria-live="polite">${asked.found.value && html`<${Found} app=${app} found=${asked.found.value} changed=${() => asked.ask(question.current.value)} />`}</div>
    </div>
  `;
}

function useTrial(app) {
  const trial = { room: useSignal(''), found: useSignal(null), problem: useSignal(null), busy: useSignal(false) };
  const ask = async (q) => {
    trial.busy.value = true;
    try {
      trial.found.value = await app.tryQuestion({ q, room: trial.room.value });
      trial.problem.value = null;
    } catch (error) {
      trial.problem.value = error.message;
    }
    trial.busy.value = false;
  };
  return { ...trial, ask };
}

function Found({ app, found, changed }) {
  const facts = [
    found.cosine !== undefined && t('trial.cosine', { n: decimals(found.cosine, 3) }),
    t('trial.coverage', { share: percent(Math.round(found.coverage * 100)) }),
  ];
  return html`
    <p class="trial-verdict" data-testid="trial-verdict" data-confident=${found.confident}>${verdict(found)}</p>
    ${found.unmentioned.length > 0 && html`<p class="soft">${t('trial.unmentioned', { words: found.unmentioned.join(' · ') })}</p>`}
    <p class="soft">${facts.filter(Boolean).join(' · ')}</p>
    <ol class="sources trial-results">${found.results.map((passage) => html`<${Passage} key=${`${passage.document} ${passage.chunk}`} app=${app} passage=${passage} changed=${changed} />`)}</ol>
  `;
}

function verdict({ confident, faq, unknown, results }) {
  if (unknown.length > 0) return t('trial.unknown', { names: unknown.join(', ') });
  if (!confident) return t('trial.nothing');
  return faq ? t('trial.faq', { question: faq }) : t('trial.quoted', { n: results.filter(({ weak }) => !weak).length });
}

function Passage({ app, passage, changed }) {
  const part = { name: 'read', id: passage.document, chunk: passage.chunk };
  const off = () => app.attempt(async () => {
    await app.usePassage(passage.document, passage.passage, false);
    notify(t('passage.was-off'), { kind: 'done', action: { label: t('undo'), run: () => app.attempt(() => app.usePassage(passage.document, passage.passage, true).then(changed)) } });
    await changed();
  });
  const whole = plainPassage(passage.content, passage.marks);
  const reasons = [
    passage.by_words && t('trial.by-words', { n: passage.by_words }),
    passage.by_meaning && t('trial.by-meaning', { n: passage.by_meaning }),
    passage.similarity !== undefined && t('trial.similarity', { n: decimals(passage.similarity, 2) }),
    passage.weak && t('trial.weak'),
  ];
  return html`
    <li class="source ${passage.weak ? 'weak' : ''}" data-testid="trial-result" data-document=${passage.document}>
      <div class="source-head">
        <a href=${documentsPath(part)} onClick=${insidePage(() => app.openDocuments(part))}>${passage.title}</a>
        <span class="source-place">${placeIn(passage)}</span>
        <button type="button" class="link" data-testid="passage-off" title=${t('passage.off-means')} onClick=${off}>${t('passage.off')}</button>
      </div>
      <p class="source-text folded"><${Marked} ...${excerpt(whole.text, whole.marks, SHOWN_LENGTH)} /></p>
      <p class="soft" data-testid="trial-reasons">${reasons.filter(Boolean).join(' · ')}</p>
    </li>
  `;
}

const decimals = (value, digits) => new Intl.NumberFormat(locale.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
