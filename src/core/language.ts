/** The two languages that the command line speaks; the API's own errors are always English. */

export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

/** One text in both languages. */
export type Phrase = { readonly [language in Language]: string };

/** Chinese where the locale begins with `zh`. `LC_ALL` wins over `LANG`, as in POSIX; empty is unset. */
export function languageOf(environment: { readonly [name: string]: string | undefined }): Language {
  const locale = environment["LC_ALL"] || environment["LANG"] || "";
  return /^zh/i.test(locale) ? "zh" : "en";
}
