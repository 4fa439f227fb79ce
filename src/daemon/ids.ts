/** Ids of jobs, uploads and results. */
import { randomBytes } from 'node:crypto';

// No vowels that could form words, no characters that look alike.
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyzBCDF';

/** A random id of 16 characters (80 bits), safe in a path, a URL and on a command line. */
export function newId(): string {
    return Array.from(randomBytes(16), (byte) => ALPHABET[byte & 31]).join('');
}
