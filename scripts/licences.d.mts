/** The path of docs/LICENSES.md. */
export const LICENCES: string;
/** What it has to say of what is installed. @throws Error when something is not */
export function licencesMarkdown(): string;
