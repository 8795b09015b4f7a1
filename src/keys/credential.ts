/** What a credential may look like, whosever it is. */

const CREDENTIAL_BYTES_MAX = 4_096;

/**
 * At most 4,096 visible ASCII characters, no spaces: anything else cannot be a bearer token (RFC 6750, 2.1)
 * and may not reach a header.
 */
export function isCredential(text: string): boolean {
  if (text.length === 0 || text.length > CREDENTIAL_BYTES_MAX) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}
