// What a browser calls itself, as a person would say it. Pure.

// The first that fits: most browsers call themselves by the names of others, too.
const BROWSERS = [
  ['WeChat', /MicroMessenger/],
  ['QQ Browser', /MQQBrowser|QQBrowser/],
  ['UC Browser', /UCBrowser/],
  ['Huawei Browser', /HuaweiBrowser/],
  ['Mi Browser', /MiuiBrowser/],
  ['Samsung Internet', /SamsungBrowser/],
  ['Opera', /OPR\/|OPiOS|Opera/],
  ['Vivaldi', /Vivaldi/],
  ['Edge', /Edg(e|A|iOS)?\//],
  ['Firefox', /Firefox|FxiOS/],
  ['Chromium', /Chromium\//],
  ['Chrome', /Chrome\/|CriOS/],
  ['Safari', /Version\/.*Safari/],
];

const SYSTEMS = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['HarmonyOS', /HarmonyOS|OpenHarmony/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['ChromeOS', /CrOS/],
  ['macOS', /Macintosh|Mac OS X/],
  ['Linux', /Linux|X11/],
];

const LONGEST = 40;

/** `{browser, system}`, each null where it cannot be told. What is no browser is called as it calls itself. */
export function deviceOf(agent) {
  const nameIn = (list) => list.find(([, pattern]) => pattern.test(agent))?.[0] ?? null;
  const browser = nameIn(BROWSERS);
  const system = nameIn(SYSTEMS);
  if (browser || system) return { browser, system };
  const [name] = agent.trim().split(/[\s/(]/);
  return { browser: name.slice(0, LONGEST) || null, system };
}
