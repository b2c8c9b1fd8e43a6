// What the server says of its own health, with what to do: the same as "chatbot doctor", as far as a running server can tell.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { Fetching, useFetched } from '../fetched.js';

export function Checkup({ app }) {
  const fetched = useFetched(app.fetchDiagnoses);
  const diagnoses = fetched.value.value?.diagnoses;
  return html`
    <section class="checkup" aria-labelledby="checkup-title">
      <h2 id="checkup-title">${t('checkup.title')}</h2>
      <${Fetching} fetched=${fetched} />
      ${diagnoses && html`<${Diagnoses} diagnoses=${diagnoses} />`}
    </section>
  `;
}

function Diagnoses({ diagnoses }) {
  const told = diagnoses.filter(({ severity }) => severity !== 'fine');
  if (told.length === 0) return html`<p class="nothing" data-testid="checkup-fine">${t('checkup.fine', { n: diagnoses.length })}</p>`;
  return html`
    <ul data-testid="checkup">
      ${told.map(({ name, severity, text, remedy }) => html`
        <li key=${name + text} data-severity=${severity} data-name=${name}>
          <p><strong>${t(`checkup.${severity}`)}</strong> ${text}</p>
          <p class="checkup-do">${remedy}</p>
        </li>`)}
    </ul>
  `;
}
