// What can be known about a command before it is sent: how it goes on, which one
// was meant, what is missing. Pure; knows neither the composer nor the server.

// Chinese input methods write the wide slash; the server takes both.
const COMMAND = /^[/／]([\p{L}\p{N}_-]*)(\s+[\s\S]*)?$/u;

export const plainName = (command) => command.name.replace(/^\//, '');

/** "sum 1 2" as one writes it in a room, where the slash says that it is for the bot. */
export const asCommand = (line) => (/^[/／@＠]/.test(line) ? line : `/${line}`);

/** What to send to have a line done again; nothing when the server shortened it. */
export const toRepeat = (line) => (!line || line.endsWith('…') ? null : asCommand(line));

const ROLES = ['user', 'member', 'moderator', 'admin', 'owner'];

/** Whether somebody of that role may run a command; those of servers before there were roles are for all. */
export const mayRun = (role, { allow = 'user' }) => ROLES.indexOf(role) >= ROLES.indexOf(allow);

/** Whether a command runs in a room. */
export const runsIn = (room, { rooms }) => !rooms || rooms.includes(room);

/** The commands that the text up to the caret may become; empty once arguments have begun. */
export function completions(text, commands) {
  const match = text.match(/^[/／]([\p{L}\p{N}_-]*)$/u);
  if (!match) return [];
  const typed = match[1].toLowerCase();
  return commands.filter((command) => plainName(command).startsWith(typed));
}

/** The command of a text whose arguments are being written. */
export function commandOf(text, commands) {
  const match = text.match(COMMAND);
  return match && commands.find((command) => plainName(command) === match[1].toLowerCase());
}

export const needsArguments = (command) => /<[^>]+>/.test(command.usage.replace(/\[[^\]]*\]/g, ''));

/** What is wrong with the text as a command: null, or `{kind, name, nearest?, usage?}`. */
export function problemOf(text, commands) {
  const match = text.trim().match(COMMAND);
  if (!match || !match[1] || commands.length === 0) return null;
  const name = match[1].toLowerCase();
  const command = commands.find((known) => plainName(known) === name);
  if (!command) return { kind: 'unknown', name, nearest: nearest(name, commands) };
  const missing = needsArguments(command) && !match[2]?.trim();
  return missing ? { kind: 'missing', name, usage: asCommand(command.usage) } : null;
}

function nearest(name, commands) {
  const ranked = commands
    .map((command) => ({ name: plainName(command), far: distance(name, plainName(command)) }))
    .sort((a, b) => a.far - b.far);
  return ranked[0].far <= Math.max(2, name.length / 3) ? ranked[0].name : null;
}

// Insertions, deletions, changes and swaps of neighbours, each counted once.
function distance(a, b) {
  const rows = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, changed);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
