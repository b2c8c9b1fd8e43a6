// How somebody is called on the page. Pure but for the language.

import { t } from './i18n.js';

/** The handle of everybody whose account was deleted; nobody else can have it. */
const DELETED = 'deleted user';

export const isDeleted = (handle) => handle === DELETED;

/** A handle in words for people. */
export const shownName = (handle) => (isDeleted(handle) ? t('deleted-user') : handle);
