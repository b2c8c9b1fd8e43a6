// Ids that this page makes up. Knows nothing of what they are for.

// randomUUID exists only where the page came over https or from this machine.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
