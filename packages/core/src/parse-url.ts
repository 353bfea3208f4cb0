/** The URL that a text is, or `undefined`; never throws. */
export function parseUrl(text: string): URL | undefined {
  try {
    // Not asked of `URL.canParse` first: once compiled, that of Node 20 says yes to what the constructor refuses, such as
    // letters of Latin-1 before a space in the host.
    return new URL(text)
  } catch {
    // It is none; the caller says so where that matters.
    return undefined
  }
}
