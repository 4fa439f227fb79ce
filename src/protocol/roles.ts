/**
 * What a token may do. `user`: has jobs of its own. `admin`: that, and sees and controls the whole
 * queue and the tokens. `worker`: a machine that encodes for a queue; fetches the sources of jobs
 * that it holds and has no rights of a user.
 */
export const ROLES = ['user', 'admin', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** The longest that a token with an end is let in: ten years. */
export const MAX_TOKEN_SECONDS = 10 * 365 * 86_400;

/** The name of an account whose tokens are issued: letters, digits, dot, dash, underscore. */
export const ACCOUNT_NAME_PATTERN = /^[A-Za-z0-9][\w.-]{0,63}$/;
