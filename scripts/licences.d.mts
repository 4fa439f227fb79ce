/** The path of docs/LICENSES.md. */
export const LICENCES: string;
/** Folders (node_modules/…) of the packages that users get, in the bundle or installed beside it. */
export function shippedFolders(): Promise<string[]>;
/** What it has to say of what is bundled and installed. @throws Error when something is missing */
export function licencesMarkdown(): Promise<string>;
