// What forms share: fields with their problem beneath, passwords that can be looked at, choices,
// and sending once at a time.

import { html, useRef, useSignal } from '../html.js';
import { locale, t } from '../i18n.js';
import { Icon } from './icons.js';

/** `act()` may throw an error for people; `fieldOf` says by its code which field it concerns, others stand
    beneath all. Nothing is sent while `isReady()` is false. */
export function useForm({ act, fieldOf = {}, isReady }) {
  const problem = useSignal(null);
  const busy = useSignal(false);
  const form = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    if (busy.value || !isReady()) return;
    busy.value = true;
    try {
      await act();
      problem.value = null;
    } catch (error) {
      const field = fieldOf[error.cause?.code] ?? null;
      problem.value = { field, text: error.message };
      if (field) form.current?.elements[field]?.focus();
    }
    busy.value = false;
  };
  return {
    handlers: { ref: form, onSubmit: submit },
    isWaiting: () => busy.value || !isReady(),
    problemOf: (field) => (problem.value && problem.value.field === field ? problem.value.text : null),
    forget: () => {
      problem.value = null;
    },
  };
}

/** A signal for each of `values`, which they have at first. */
export const useFields = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, useSignal(value)]));

/** `value` is a signal; all others are the input's attributes. */
export function Field({ form, name, label, help, value, children, ...attributes }) {
  const problem = form.problemOf(name);
  const id = `field-${name}`;
  const onInput = (event) => {
    value.value = event.target.value;
    form.forget();
  };
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <span class="field-box">
        <input id=${id} name=${name} value=${value.value} spellcheck=${false} autocapitalize="none" ...${attributes}
          aria-invalid=${problem ? 'true' : undefined} aria-describedby="${id}-words" onInput=${onInput} />${children}
      </span>
      <p class=${problem ? 'problem' : ''} id="${id}-words" role=${problem ? 'alert' : undefined} data-testid="${attributes['data-testid']}-words">${problem ?? help}</p>
    </div>
  `;
}

/** `seen`: whether it can be read at first. */
export function PasswordField({ seen: isSeen = false, ...values }) {
  const seen = useSignal(isSeen);
  const label = t(seen.value ? 'password.hide' : 'password.show');
  return html`
    <${Field} ...${values} type=${seen.value ? 'text' : 'password'}>
      <button type="button" class="tool" data-testid="${values['data-testid']}-seen" aria-pressed=${seen.value} aria-label=${label} title=${label}
        onClick=${() => { seen.value = !seen.value; }}><${Icon} name="eye" /></button>
    <//>
  `;
}

/** What concerns no field. */
export const FormProblem = ({ form }) => html`<p class="problem" role="alert" data-testid="form-problem">${form.problemOf(null)}</p>`;

// An option that is made anew with each language keeps its value when its words change.
/** One of `options`, which are pairs of a value and its words; `value` is a signal. */
export const Choice = ({ label, value, options, ...attributes }) => html`
  <label>${label}
    <select key=${locale.value} value=${value.value} ...${attributes} onChange=${(event) => { value.value = event.target.value; }}>
      ${options.map(([option, words]) => html`<option value=${option} selected=${option === value.value}>${words}</option>`)}
    </select></label>
`;

/** The same where each option needs a line that says what it means: `options` are `[value, words, meaning]`. */
export const Radios = ({ name, label, value, options }) => html`
  <fieldset class="radios">
    <legend>${label}</legend>
    ${options.map(([option, words, meaning]) => html`
      <label key=${option} class="radio"><input type="radio" name=${name} value=${option} data-testid="${name}-${option}" checked=${option === value.value}
        onChange=${() => { value.value = option; }} /><span>${words}</span>${meaning && html`<small>${meaning}</small>`}</label>`)}
  </fieldset>
`;

/** Any of `options`, which are `[value, words, meaning]`; `value` is a signal with those that are chosen. */
export function Checks({ name, label, value, options }) {
  const toggle = (option) => {
    value.value = value.value.includes(option) ? value.value.filter((one) => one !== option) : [...value.value, option];
  };
  return html`
    <fieldset class="radios">
      <legend>${label}</legend>
      ${options.map(([option, words, meaning]) => html`
        <label key=${option} class="check"><input type="checkbox" data-testid="${name}-${option}" checked=${value.value.includes(option)}
          onChange=${() => toggle(option)} /><span>${words}</span><small>${meaning}</small></label>`)}
    </fieldset>
  `;
}
