// What a person can do on this page, each as one function: the place where chat,
// HTTP and page state meet. Knows no elements; views call it as `app`.

import * as api from './api.js';
import { BOT_ROOM } from './chat.js';
import { batch, signal } from './html.js';
import { t, timeZone, useLocale } from './i18n.js';
import { newId } from './ids.js';
import { EVERY_COMMAND } from './job_states.js';
import { leave } from './leaving.js';
import { adminPath, dashboardPath, documentsPath, FIRST_ROOM, isDirect, pathOf, peoplePath } from './router.js';
import { forget, recall, remember } from './storage.js';
import { closeDialog, closeSearch, drawerOpen, notify, openDialog, panel, place } from './ui.js';

// Long enough to notice a slip, short enough that what must go goes.
const UNDO_TIME = 4_000;
const REFRESH_JOBS_AFTER = 300;
const JOBS_IN_PANEL = 50;
const MOST_NAMES = 20;

export function createActions(chat, connection) {
  const jobs = signal(null);
  const reports = signal(null);
  const held = signal(null);
  const wantedMessage = signal(null);
  let jobsTimer = null;
  let handleBefore = null;
  const asker = () => ({ handle: app.handle() ?? undefined, time_zone: timeZone() });

  function goTo(wanted, path) {
    leave(() => {
      drawerOpen.value = false;
      closeSearch();
      if (location.pathname + location.search + location.hash !== path) history.pushState(null, '', path);
      place.value = wanted;
    });
  }

  const app = {
    chat,
    jobs,
    /** What people reported, oldest first; null for those who do not look after that. */
    reports,
    /** The messages that wait for approval, likewise. */
    held,
    wantedMessage,
    clockSkew: api.clockSkew,
    // The message list and the composer on the page put themselves here.
    showMessage: () => false,
    holdList: () => {},
    redrawList: () => {},
    write: () => {},

    /** Whether this person may do what the server calls by that name, such as `delete_message`. */
    may: (name) => chat.user.value?.may?.includes(name) ?? false,
    hasAccount: () => chat.user.value?.account ?? recall('account') !== null,
    /** Signed in with a name or a key: not a guest. */
    isSignedIn: () => !['user', 'stranger'].includes(chat.user.value?.role ?? 'user'),
    /** Not the own room with the bot. */
    isShared: (name) => !name.startsWith('@'),
    titleOf(name) {
      if (name === BOT_ROOM) return t('rooms.bot');
      return chat.titleOf(name) ?? (isDirect(name) ? t('rooms.direct') : name);
    },
    mayManage: (name) => chat.room(name)?.about?.may.includes('manage') ?? false,
    /** Whether a direct room can be opened with the author of a message, or somebody who is here. */
    mayWriteTo: ({ handle, author_role: role }) => role !== undefined && app.may('create_closed_room') && handle !== app.name(),
    mayCancel: (job) => app.may('see_every_job') || job.handle === chat.user.value?.handle || chat.isOwn(job.room, job.seq),
    handle: () => recall('handle'),
    /** May do nothing here but sign in, or join by an invitation. */
    isStranger: () => chat.user.value?.role === 'stranger',
    /** As far as it is known before the server says it. */
    name: () => chat.user.value?.handle ?? recall('account') ?? app.handle(),
    pathOf: (name) => pathOf(name, BOT_ROOM),

    isOpen: (name) => place.value === null && chat.current.value === name,

    /** `seq`: the message to show there. */
    openRoom(name, { seq = null } = {}) {
      leave(() => {
        drawerOpen.value = false;
        closeSearch();
        if (!app.isOpen(name)) history.pushState(null, '', app.pathOf(name));
        app.showRoom(name);
        wantedMessage.value = seq;
      });
    },

    showRoom(name) {
      batch(() => {
        place.value = null;
        if (chat.current.value !== name) chat.open(name);
      });
    },

    openDashboard: (part = { name: 'list' }) => goTo({ name: 'jobs', part }, dashboardPath(part)),
    openDocuments: (part = { name: 'list' }) => goTo({ name: 'documents', part }, documentsPath(part)),
    openAccount: () => goTo({ name: 'account', part: { name: 'list' } }, '/account'),
    openAdmin: (part) => goTo({ name: 'admin', part }, adminPath(part)),
    openPeople: (part = { name: 'list' }) => goTo({ name: 'people', part }, peoplePath(part)),
    closePlace: () => app.openRoom(chat.current.value),

    /** As `closePlace`, from what there is no way back to. */
    endPlace() {
      history.replaceState(null, '', app.pathOf(chat.current.value));
      app.showRoom(chat.current.value);
    },

    /** The rooms to which an invitation led: the first is shown, the others are at hand. */
    openFirst(names) {
      names.toReversed().forEach((name) => chat.open(name));
      app.endPlace();
      app.refreshRooms();
    },

    async refreshRooms() {
      if (app.isStranger()) return;
      app.refreshReports();
      // A list that could not be had is had the next time.
      chat.listed.value = await api.listRooms().catch(() => chat.listed.value);
    },

    /** `room` is `{name?, kind, title?}`. */
    createRoom: explained(async (room) => {
      const { name } = await api.createRoom(room);
      closeDialog();
      app.openRoom(name);
      app.refreshRooms();
    }),

    writeTo: noticed(async (handle) => {
      const { name } = await api.createRoom({ kind: 'direct', members: [handle] });
      app.openRoom(name);
      app.refreshRooms();
    }),

    fetchRooms: explained(api.listRooms),
    fetchRoom: explained(api.showRoom),
    changeRoom: explained(async (name, change) => {
      const room = await api.changeRoom(name, change);
      app.refreshRooms();
      return room;
    }),
    deleteRoom: explained(async (name) => {
      await api.deleteRoom(name);
      app.goneFrom(name);
    }),
    addToRoom: explained(api.addToRoom),
    removeFromRoom: explained(api.removeFromRoom),
    leaveRoom: explained(async (name) => {
      await api.removeFromRoom(name, app.name());
      app.goneFrom(name);
    }),

    /** Names of accounts that begin so, as far as this person can know them. */
    async namesLike(typed) {
      const isLike = (name) => name.toLowerCase().startsWith(typed.trim().toLowerCase());
      const listed = app.may('manage_people') ? (await api.listAccounts({ q: typed.trim(), limit: MOST_NAMES }).catch(() => ({ accounts: [] }))).accounts : [];
      const names = new Set([...listed.map(({ name }) => name), ...chat.knownPeople()]);
      return [...names].filter(isLike).sort((a, b) => a.localeCompare(b)).slice(0, MOST_NAMES);
    },

    /** A room that was deleted, or may not be entered any more. */
    goneFrom(name) {
      const elsewhere = name === FIRST_ROOM ? BOT_ROOM : FIRST_ROOM;
      if (app.isOpen(name)) app.openRoom(elsewhere);
      else if (chat.current.value === name) chat.open(elsewhere);
      chat.leave(name);
      app.refreshRooms();
    },

    setBot: noticed((name, bot) => api.changeRoom(name, { bot })),

    post(text) {
      chat.post(chat.current.value, text);
    },

    takeBack({ id, message }) {
      chat.discard(chat.current.value, id);
      app.write(message);
    },

    /** `following`: with the bot's answer, running jobs and schedules that came of it. */
    deleteMessage(name, seq, { following = false } = {}) {
      const { restore } = chat.markDeleted(name, seq);
      undoably(t(following ? 'message.was-deleted-following' : 'message.was-deleted'), { act: () => api.deleteMessage(name, seq, following), restore });
    },

    deleteReported: explained(async (room, seq) => {
      await api.deleteMessage(room, seq);
      notify(t('message.was-deleted'), { kind: 'done' });
    }),

    react: noticed((room, seq, emoji, on) => (on ? api.react(room, seq, emoji, app.handle()) : api.takeReactionBack(room, seq, emoji))),
    report: explained(api.report),
    /** How many wait for a moderator is shown wherever one is. */
    async refreshReports() {
      if (!app.may('moderate')) {
        reports.value = null;
        held.value = null;
        return;
      }
      const [reported, waiting] = await Promise.all([api.listReports, api.listHeld].map((list) => list().catch(() => null)));
      reports.value = reported ?? reports.value;
      held.value = waiting ?? held.value;
    },
    approve: noticed(async (id, approval) => {
      const { approved } = await api.approve(id, approval).finally(app.refreshReports);
      notify(t('held.was-approved', { n: approved }), { kind: 'done' });
    }),
    reject(id) {
      held.value = held.value.filter((message) => message.held !== id);
      undoably(t('held.was-rejected'), { act: () => api.reject(id), restore: app.refreshReports });
    },
    settleReports(ids) {
      const isOther = ({ id }) => !ids.includes(id);
      reports.value = reports.value.filter(isOther);
      undoably(t('reports.was-settled'), { act: () => Promise.all(ids.map(api.settleReport)), restore: app.refreshReports });
    },

    fetchSanctions: explained(api.listSanctions),
    endSanction(sanction, restore) {
      undoably(t('sanctions.was-ended'), { act: () => api.endSanction(sanction.id), restore });
    },
    /** Ends a sanction at once: that of a notice, or of the audit log. */
    liftSanction: noticed(async ({ id }) => {
      await api.endSanction(id);
      notify(t('sanctions.was-ended'), { kind: 'done' });
    }),
    /** Does what may be refused; a notice says why. */
    attempt: noticed((act) => act()),
    stop: explained(api.sanction),
    clear: explained(api.clear),

    cancelJob: noticed(async (job) => {
      if (!chat.room(job.room) || !chat.cancelJob(job.id)) await api.cancelJob(job.id);
      app.refreshJobsSoon();
    }),

    search: explained(api.search),
    fetchDocuments: explained(api.listDocuments),
    tryQuestion: explained(api.tryQuestion),
    fetchQuestions: explained(api.listQuestions),
    dismissQuestion(id, restore) {
      undoably(t('questions.was-dismissed'), { act: () => api.dismissQuestion(id), restore });
    },
    answerQuestion: explained(api.answerQuestion),
    usePassage: explained(api.usePassage),
    fetchCollections: explained(api.listCollections),
    createCollection: explained(api.createCollection),
    renameCollection: explained(api.renameCollection),
    deleteCollection: explained(api.deleteCollection),
    chooseCollections: explained(api.chooseCollections),
    fetchDocument: explained(api.showDocument),
    previewDocument: explained(api.previewDocument),
    previewFile: explained(api.previewFile),
    addDocument: explained(api.addDocument),
    addFile: explained(api.addFile),
    changeDocument: explained(api.changeDocument),
    deleteDocument: explained(api.deleteDocument),
    originalPath: api.originalPath,

    fetchJobs: explained(api.listJobs),
    fetchJob: explained(api.showJob),
    fetchStats: explained(api.jobStats),
    resumeCommands: (names) => app.attempt(() => Promise.all(names.map((name) => api.pauseCommands(false, name === EVERY_COMMAND ? undefined : name)))),
    fetchSchedules: explained(api.listSchedules),

    /** Runs again what has ended, or now what waits for its time. */
    retryJob: noticed((job) => api.retryJob(job.id)),

    /** `request` is `{name, arguments, room}`; `id` makes a repeated one the same. */
    startJob: explained((request, id = newId()) => api.startJob({ ...request, ...asker(), id })),

    /** The same work once more, as a job of its own; nothing when that was refused. */
    repeatJob: noticed(({ name, arguments: words, room }) => api.startJob({ name, arguments: words, room, ...asker(), id: newId() })),

    dropJob(job, restore) {
      undoably(t('job.was-dropped'), { act: () => api.dropJob(job.id), restore });
    },

    pauseSchedule: noticed((schedule) => api.pauseSchedule(schedule.id)),
    resumeSchedule: noticed((schedule) => api.resumeSchedule(schedule.id)),

    dropSchedule(schedule, restore) {
      undoably(t('schedule.was-deleted'), { act: () => api.dropSchedule(schedule.id), restore });
    },

    async refreshJobs() {
      const list = await api.listJobs({ limit: JOBS_IN_PANEL }).catch(() => null);
      jobs.value = list?.jobs ?? jobs.value;
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

    fetchWays: api.fetchWays,
    signIn: explained(async (name, password, code) => {
      await api.signIn(name, password, code);
      closeDialog();
      connection.reopen();
    }),

    signInWithPasskey: explained(async () => {
      const { asked, usePasskey } = await import('./accounts/webauthn.js');
      const { options, ticket } = await api.startPasskeySignIn();
      const { credential, reason } = await asked(usePasskey(options));
      if (reason === 'declined') return;
      if (reason) throw new Refused(t(`passkeys.${reason}`));
      await api.signInWithPasskey({ ticket, credential });
      closeDialog();
      connection.reopen();
    }),

    departToSignIn: explained(async () => {
      const { depart } = await import('./accounts/departure.js');
      depart(await api.departToSignIn(), app.pathOf(chat.current.value));
    }),
    departToLink: explained(async (password) => {
      const { depart } = await import('./accounts/departure.js');
      depart(await api.departToLink(password), '/account');
    }),

    /** Back from the identity provider, with its answer; goes on where one left. */
    arrive: explained(async ({ code, state }) => {
      const { recallDeparture } = await import('./accounts/departure.js');
      const { ticket, path } = recallDeparture() ?? {};
      if (!code || !ticket) throw new Refused(t('provider.not-completed'));
      if (path === '/account') {
        await api.arriveToLink({ code, state, ticket });
        app.openAccount();
        return;
      }
      await api.arriveToSignIn({ code, state, ticket });
      connection.reopen();
      app.endPlace();
    }),

    signInWithKey: explained(async (key) => {
      await api.signInWithKey(key);
      closeDialog();
      connection.reopen();
    }),

    signOut: noticed(() => leaveSession(api.signOut)),
    signOutEverywhere: explained(() => leaveSession(api.endEverySession)),

    /** The server says who one is. A name that is now that of an account is no longer a guest's. */
    meet({ account, handle }) {
      if (!account) return forget('account');
      remember('account', handle);
      if (app.handle()?.toLowerCase() === handle.toLowerCase()) forget('handle');
    },

    /** What was known of the person before is not the next one's. */
    async becomeAnother() {
      connection.pause();
      jobs.value = null;
      reports.value = null;
      held.value = null;
      if (!app.hasAccount()) await api.becomeGuest().catch(() => null);
      connection.reopen();
      app.refreshRooms();
      if (panel.value === 'jobs') app.refreshJobs();
    },

    /** Another tab of this browser signed in or out. */
    followOtherTab() {
      const { account, handle } = chat.user.value ?? {};
      if (recall('account') !== (account ? handle : null)) connection.reopen();
    },

    showInvitation: explained(api.showInvitation),

    createAccount: explained(async (account) => {
      await api.createAccount(account);
      connection.reopen();
    }),

    fetchAccount: explained(api.showAccount),
    changePassword: explained(api.changePassword),
    addPasskey: explained(async (name, password) => {
      const { asked, createPasskey } = await import('./accounts/webauthn.js');
      const { options, ticket } = await api.startPasskey(password);
      const { credential, reason } = await asked(createPasskey(options));
      if (reason) throw new Refused(t(`passkeys.${reason}`));
      await api.addPasskey({ ticket, credential, name });
    }),
    removePasskey: explained(api.removePasskey),
    startSecondFactor: explained(api.startSecondFactor),
    addSecondFactor: explained(api.addSecondFactor),
    removeSecondFactor: explained(api.removeSecondFactor),
    renewRecoveryCodes: explained(api.renewRecoveryCodes),
    unlinkIdentity: explained(api.unlinkIdentity),
    endSession: noticed(async (id) => {
      await api.endSession(id);
      notify(t('account.signed-out-there'), { kind: 'done' });
    }),

    /** Nothing is known of this browser's person afterwards. */
    leave: explained(async (how) => {
      await leaveSession(() => api.leave(how));
      ['account', 'handle', 'asked'].forEach(forget);
      app.openRoom(FIRST_ROOM);
    }),

    fetchTokens: explained(api.listTokens),
    createToken: explained(api.createToken),
    dropToken(token, restore) {
      undoably(t('tokens.was-revoked'), { act: () => api.deleteToken(token.id), restore });
    },

    fetchAllTokens: explained(api.listAllTokens),
    revokeToken: explained(api.revokeToken),
    fetchHooks: explained(api.listHooks),
    createHook: explained(api.createHook),
    changeHook: explained(api.changeHook),
    previewHook: explained(api.previewHook),
    dropHook(hook, restore) {
      undoably(t('hooks.was-deleted'), { act: () => api.deleteHook(hook.id), restore });
    },
    fetchWebhooks: explained(api.listWebhooks),

    fetchOverview: explained(api.overview),
    fetchDiagnoses: explained(api.diagnoses),
    fetchAudit: explained(api.audit),
    undoChange: noticed(async (change) => {
      await change();
      notify(t('audit.was-undone'), { kind: 'done' });
    }),
    fetchSettings: explained(api.settings),
    changeSettings: explained(api.changeSettings),
    fetchModeration: explained(api.moderation),
    setModeration: explained(api.setModeration),
    resetModeration: explained(api.resetModeration),
    fetchCommandPermissions: explained(api.listCommandPermissions),
    permitCommand: explained(api.permitCommand),
    resetCommandPermission: explained(api.resetCommandPermission),

    fetchAccounts: explained(api.listAccounts),
    makeAccount: explained(api.createAccount),
    changeAccount: explained(api.changeAccount),
    mergePeople: explained(api.mergePeople),
    fetchMerges: explained(api.listMerges),
    undoMerge: noticed(async ({ id }) => {
      await api.undoMerge(id);
      notify(t('merge.was-undone'), { kind: 'done' });
    }),
    dropMerge({ id }, restore, done) {
      undoably(t('merge.was-undone'), { act: () => api.undoMerge(id).then(done), restore });
    },
    signOutAccount: explained(api.signOutAccount),
    removeAccount: explained(api.removeAccount),
    fetchInvitations: explained(api.listInvitations),
    createInvitation: explained(api.createInvitation),

    dropInvitation(invitation, restore) {
      undoably(t('invitations.was-revoked'), { act: () => api.deleteInvitation(invitation.id), restore });
    },
  };

  // That the server then closes this session's sockets is no news to the page that asked for it.
  async function leaveSession(end) {
    connection.pause();
    await end().finally(() => connection.reopen());
  }

  return app;
}

/** What did not happen, in words for people. */
class Refused extends Error {}

const sentence = (error) => (error instanceof api.ApiError || error instanceof Refused ? error.message : t('error.network'));

/** For dialogs, which say themselves what went wrong. */
function explained(act) {
  return (...args) =>
    act(...args).catch((error) => {
      throw new Error(sentence(error), { cause: error });
    });
}

/** What has gone from the page goes from the server when nobody wants it back. */
function undoably(text, { act, restore }) {
  const run = noticed(async () => {
    removeEventListener('pagehide', run);
    await act().catch((error) => {
      restore();
      throw error;
    });
  });
  const timer = setTimeout(run, UNDO_TIME);
  addEventListener('pagehide', run);
  const undo = () => {
    clearTimeout(timer);
    removeEventListener('pagehide', run);
    restore();
  };
  notify(text, { kind: 'done', action: { label: t('undo'), run: undo }, lasts: UNDO_TIME });
}

/** For everything else: a notice says it. */
function noticed(act) {
  return (...args) => act(...args).catch((error) => notify(sentence(error)));
}
