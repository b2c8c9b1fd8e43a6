// Questions without an answer, or with one that people rate as bad; an entry of frequent questions answers them from then on.

import { html, useEffect, useRef, useSignal } from '../../html.js';
import { fullTime, moment, t } from '../../i18n.js';
import { askBeforeLeaving } from '../../leaving.js';
import { documentsPath } from '../../router.js';
import { recall, remember } from '../../storage.js';
import { notify } from '../../ui.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';

const NEW_LIST = '';
const LAST_LIST = 'faq-list';

export function Questions({ app, shelf }) {
  const asked = useQuestions(app);
  const { questions, full } = asked.found.value ?? {};
  const open = useSignal(null);
  const done = (id) => {
    open.value = null;
    asked.drop(id);
  };
  const answered = (id, list) => {
    done(id);
    shelf.refresh();
    const part = { name: 'read', id: list.id };
    notify(t('questions.was-answered', { title: list.title }), { kind: 'done', action: { label: t('questions.show'), run: () => app.openDocuments(part) } });
  };
  return html`
    <div class="page-body document-page questions-page" data-testid="questions">
      <a class="link back" href=${documentsPath()} onClick=${insidePage(() => app.openDocuments())}><${Icon} name="back" />${t('documents.title')}</a>
      <h2>${t('questions.title')}</h2>
      <p class="soft">${t('questions.means')}</p>
      ${full && html`<p role="note">${t('questions.full')}</p>`}
      ${asked.problem.value && html`<p class="nothing problem" role="alert">${asked.problem.value}</p>`}
      ${!questions && !asked.problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${questions?.length === 0 && html`<p class="nothing" data-testid="questions-none">${t('questions.none')}</p>`}
      <ul class="questions">
        ${questions?.map((question) => html`
          <${Question} key=${question.id} app=${app} question=${question} isOpen=${open.value === question.id} lists=${asked.lists.value}
            toggle=${() => { open.value = open.value === question.id ? null : question.id; }}
            dismiss=${() => { done(question.id); app.dismissQuestion(question.id, asked.refresh); }} answered=${(list) => answered(question.id, list)} />`)}
      </ul>
    </div>
  `;
}

function useQuestions(app) {
  const [found, lists, problem] = [useSignal(null), useSignal([]), useSignal(null)];
  const refresh = useRef(() => {});
  useEffect(() => {
    const fetch = async () => {
      try {
        const [asked, frequent] = await Promise.all([app.fetchQuestions(), app.fetchDocuments({ kind: 'faq', limit: 200 })]);
        lists.value = frequent.documents.filter(({ origin }) => !origin?.synced);
        found.value = asked;
      } catch (error) {
        problem.value = error.message;
      }
    };
    refresh.current = fetch;
    fetch();
  }, []);
  const drop = (id) => {
    found.value = { ...found.value, questions: found.value.questions.filter((question) => question.id !== id) };
  };
  return { found, lists, problem, drop, refresh: () => refresh.current() };
}

function Question({ app, question, isOpen, lists, toggle, dismiss, answered }) {
  const { question: text, unanswered, rated_bad: bad, answer, last_at: last } = question;
  const facts = [
    unanswered > 0 && t('questions.unanswered', { n: unanswered }),
    bad > 0 && t('questions.rated-bad', { n: bad }),
    html`<time datetime=${last} title=${fullTime(new Date(last))}>${t('questions.last', { time: moment(new Date(last)) })}</time>`,
  ].filter(Boolean);
  const trying = { name: 'try', question: text };
  return html`
    <li class="question" data-testid="question">
      <p class="question-text">${text}</p>
      <p class="soft question-facts">${facts.map((fact) => html`<span>${fact}</span>`)}</p>
      ${answer && html`<blockquote class="question-answer">${answer}</blockquote>`}
      ${isOpen
        ? html`<${EntryForm} app=${app} question=${question} lists=${lists} cancel=${toggle} answered=${answered} />`
        : html`<div class="question-act">
            <button type="button" class="primary" data-testid="question-answer" onClick=${toggle}>${t('questions.answer')}</button>
            <button type="button" class="secondary" data-testid="question-try" onClick=${() => app.openDocuments(trying)}>${t('questions.try')}</button>
            <button type="button" class="secondary" data-testid="question-dismiss" onClick=${dismiss}>${t('questions.dismiss')}</button>
          </div>`}
    </li>
  `;
}

function EntryForm({ app, question: { id, question }, lists, cancel, answered }) {
  const [title, answer] = [useRef(null), useRef(null)];
  const last = recall(LAST_LIST);
  const list = useSignal(lists.some((one) => one.id === last) ? last : lists[0]?.id ?? NEW_LIST);
  const [problem, busy] = [useSignal(null), useSignal(false)];
  useEffect(() => {
    answer.current.focus();
    return askBeforeLeaving(() => Boolean(answer.current?.value.trim()));
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    try {
      const stored = await app.answerQuestion(id, { question: title.current.value, answer: answer.current.value, ...(list.value && { document: list.value }) });
      remember(LAST_LIST, stored.id);
      answer.current.value = '';
      answered(stored);
    } catch (error) {
      problem.value = error.message;
      busy.value = false;
    }
  };
  return html`
    <form class="way-form entry-form" data-testid="entry-form" onSubmit=${submit}>
      <label>${t('questions.question')}<input ref=${title} data-testid="entry-question" defaultValue=${question} maxlength="300" required autocomplete="off" /></label>
      <label>${t('questions.your-answer')}<textarea ref=${answer} data-testid="entry-answer" rows="4" required></textarea></label>
      <label>${t('questions.list')}
        <select data-testid="entry-list" value=${list.value} onChange=${(event) => { list.value = event.target.value; }}>
          ${lists.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === list.value}>${one.title}</option>`)}
          <option value=${NEW_LIST} selected=${list.value === NEW_LIST}>${t('questions.new-list')}</option>
        </select></label>
      <p class="problem" role="alert">${problem.value}</p>
      <div class="buttons">
        <button type="button" class="secondary" onClick=${cancel}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="entry-save" aria-disabled=${busy.value}>${t('questions.save')}</button>
      </div>
    </form>
  `;
}
