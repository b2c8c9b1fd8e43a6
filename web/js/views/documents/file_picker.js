// A button that opens the browser's own choice of files.

import { html, useRef } from '../../html.js';
import { t } from '../../i18n.js';

// What the server can read; other files get a sentence from it.
const ACCEPTED = '.pdf,.docx,.xlsx,.xls,.ods,.pptx,.odt,.odp,.epub,.rtf,.eml,.mht,.mhtml,.html,.htm,.md,.markdown,.txt,.csv,.png,.jpg,.jpeg,.tif,.tiff,.webp,text/*,application/pdf';

export function FilePicker({ take, label = t('documents.choose-file'), primary = false, multiple = true }) {
  const input = useRef(null);
  const choose = (event) => {
    take([...event.target.files]);
    event.target.value = '';
  };
  return html`
    <button type="button" class=${primary ? 'primary' : 'secondary'} data-testid="file-choose" onClick=${() => input.current.click()}>${label}</button>
    <input ref=${input} type="file" class="unseen" tabindex="-1" aria-hidden="true" data-testid="file-input" accept=${ACCEPTED} multiple=${multiple} onChange=${choose} />
  `;
}
