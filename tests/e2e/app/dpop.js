// DPoP proofs (RFC 9449) with the browser's own cryptography.
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const es256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const utf8 = (text) => new TextEncoder().encode(text);

// As JWKs, so that they outlive the way to the authorization server. An application of the world keeps a CryptoKey that
// nobody can extract in IndexedDB.
export async function makeKey() {
  const pair = await crypto.subtle.generateKey(es256, true, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { private: await crypto.subtle.exportKey('jwk', pair.privateKey), public: { kty, crv, x, y } };
}

export async function proof(key, method, url, token) {
  const claims = { jti: crypto.randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000) };
  if (token) claims.ath = base64url(await crypto.subtle.digest('SHA-256', utf8(token)));
  const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: key.public };
  const signed = [head, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.');
  const signer = await crypto.subtle.importKey('jwk', key.private, es256, false, ['sign']);
  return `${signed}.${base64url(await crypto.subtle.sign(es256, signer, utf8(signed)))}`;
}
