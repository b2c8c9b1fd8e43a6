// Passkeys: what the browser's interface wants as bytes travels as Base64url.

export const canUsePasskeys = () => Boolean(window.PublicKeyCredential && navigator.credentials);

/** The new passkey for these options of the server, as JSON. Throws if whoever was asked declined. */
export async function createPasskey({ publicKey }) {
  const { user, challenge, excludeCredentials = [] } = publicKey;
  const credential = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytesOf(challenge),
      user: { ...user, id: bytesOf(user.id) },
      excludeCredentials: excludeCredentials.map(withBytes),
    },
  });
  const { attestationObject, clientDataJSON } = credential.response;
  return toJson(credential, { attestationObject, clientDataJSON });
}

/** What a passkey answers to these options of the server, as JSON. Throws if whoever was asked declined. */
export async function usePasskey({ publicKey }) {
  const { challenge, allowCredentials = [] } = publicKey;
  const credential = await navigator.credentials.get({
    publicKey: { ...publicKey, challenge: bytesOf(challenge), allowCredentials: allowCredentials.map(withBytes) },
  });
  const { authenticatorData, clientDataJSON, signature, userHandle } = credential.response;
  return toJson(credential, { authenticatorData, clientDataJSON, signature, userHandle });
}

/** Why a browser gives no passkey: `declined` by whoever it asked, `known` already, or `elsewhere` than at this address. */
const REASONS = { NotAllowedError: 'declined', AbortError: 'declined', InvalidStateError: 'known', SecurityError: 'elsewhere' };

/** `{credential}`, or why there is none: `{reason}`. */
export const asked = (credential) => credential.then(
  (found) => ({ credential: found }),
  (error) => ({ reason: REASONS[error.name] ?? 'declined' }),
);

function toJson(credential, response) {
  const texts = Object.entries(response).map(([name, bytes]) => [name, bytes && textOf(bytes)]);
  const { id, rawId, type } = credential;
  return { id, rawId: textOf(rawId), type, response: Object.fromEntries(texts), extensions: {} };
}

const withBytes = (descriptor) => ({ ...descriptor, id: bytesOf(descriptor.id) });

function bytesOf(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(bytes) {
  const binary = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
