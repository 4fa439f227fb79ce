/** The path of a Chromium or Chrome: `KVZ_CLOUD_TEST_BROWSER`, or one that is installed. */
export function findBrowser(env?: NodeJS.ProcessEnv): string | undefined;
