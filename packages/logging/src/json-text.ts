/** Text as JSON. */

/** What `JSON.stringify` returns. Looking for what needs escaping first takes a third of its time on short text. */
export function quoted(text: string): string {
  if (text.length > 64) return JSON.stringify(text)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Control characters, `"`, the backslash, and the surrogates with all above them, of which lone ones are escaped.
    if (unit < 32 || unit === 34 || unit === 92 || unit >= 0xd800) return JSON.stringify(text)
  }
  return `"${text}"`
}
