// What a person can do on this page, each as one function: the place where chat,
// HTTP and page state meet. Knows no elements; views call it as `app`.

import * as api from './api.js';
import { BOT_ROOM } from './chat.js';
import { signal } from './html.js';
import { t, useLocale } from './i18n.js';
import { pathOf, roomName } from './router.js';
import { recall, remember } from './storage.js';
import { closeDialog, drawerOpen, notify, openDialog } from './ui.js';

// Long enough to notice a slip, short enough that what must go goes.
const UNDO_TIME = 4_000;
const REFRESH_JOBS_AFTER = 300;

export function createActions(chat, connection) {
  const jobs = signal(null);
  let jobsTimer = null;
  let handleBefore = null;

  const app = {
    chat,
    jobs,
    clockSkew: api.clockSkew,
    // The message list and the composer on the page put themselves here.
    showMessage: () => {},
    write: () => {},

    isOwner: () => chat.user.value?.role === 'owner',
    isPublic: (name) => !name.startsWith('@'),
    mayCancel: (job) => app.isOwner() || job.handle === chat.user.value?.handle || chat.isOwn(job.room, job.seq),
    handle: () => recall('handle'),
    pathOf: (name) => pathOf(name, BOT_ROOM),

    openRoom(name) {
      drawerOpen.value = false;
      if (chat.current.value === name) return;
      history.pushState(null, '', app.pathOf(name));
      chat.open(name);
    },

    async refreshRooms() {
      // A list that could not be had is had the next time.
      chat.listed.value = await api.listRooms().catch(() => chat.listed.value);
    },

    createRoom: explained(async (typed) => {
      const room = await api.createRoom(roomName(typed));
      closeDialog();
      app.openRoom(room.name);
      app.refreshRooms();
    }),

    setBot: noticed((name, bot) => api.setBot(name, bot)),

    post(text) {
      chat.post(chat.current.value, text);
    },

    takeBack({ id, message }) {
      chat.discard(chat.current.value, id);
      app.write(message);
    },

    deleteMessage(name, seq) {
      const deletion = chat.markDeleted(name, seq);
      const run = noticed(async () => {
        removeEventListener('pagehide', run);
        await api.deleteMessage(name, seq).catch((error) => {
          deletion.restore();
          throw error;
        });
      });
      const timer = setTimeout(run, UNDO_TIME);
      addEventListener('pagehide', run);
      const undo = () => {
        clearTimeout(timer);
        removeEventListener('pagehide', run);
        deletion.restore();
      };
      notify(t('message.was-deleted'), { kind: 'done', action: { label: t('undo'), run: undo }, lasts: UNDO_TIME });
    },

    cancelJob: noticed(async (job) => {
      if (!chat.room(job.room) || !chat.cancelJob(job.id)) await api.cancelJob(job.id);
      app.refreshJobsSoon();
    }),

    async refreshJobs() {
      jobs.value = await api.listJobs().catch(() => jobs.value);
    },

    // A running job reports many times a second; the list need not follow each.
    refreshJobsSoon() {
      jobsTimer ??= setTimeout(() => {
        jobsTimer = null;
        app.refreshJobs();
      }, REFRESH_JOBS_AFTER);
    },

    async saveHandle(handle) {
      handleBefore = recall('handle');
      remember('handle', handle);
      closeDialog();
      chat.hello();
    },

    // The name that was refused must not be sent again with every hello.
    refuseHandle(problem) {
      const value = recall('handle');
      remember('handle', handleBefore);
      handleBefore = null;
      chat.hello();
      openDialog('handle', { problem, value });
    },

    async changeLanguage(name) {
      remember('locale', name);
      // Before the words, because how tall they are depends on it.
      document.documentElement.lang = name;
      await useLocale(name);
      api.speak(name);
      chat.hello();
      chat.greetAgain();
    },

    signIn: explained(async (key) => {
      await api.signIn(key);
      closeDialog();
      connection.reopen();
    }),

    signOut: noticed(async () => {
      await api.signOut();
      connection.reopen();
    }),
  };
  return app;
}

const sentence = (error) => (error instanceof api.ApiError ? error.message : t('error.network'));

/** For dialogs, which say themselves what went wrong. */
function explained(act) {
  return (...args) =>
    act(...args).catch((error) => {
      throw new Error(sentence(error), { cause: error });
    });
}

/** For everything else: a notice says it. */
function noticed(act) {
  return (...args) => act(...args).catch((error) => notify(sentence(error)));
}
