/** The path of docs/LICENSES.md. */
export const LICENCES: string;
/** What it has to say of what is bundled and installed. @throws Error when something is missing */
export function licencesMarkdown(): Promise<string>;
