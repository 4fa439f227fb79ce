/** What a watch tells: all that `encode` tells of each file, and what becomes of folder and files. */
import type * as z from 'zod';
import type { EncodeEvent } from '../../client/events.js';
import type { watchEvents } from './event-schemas.js';

export type WatchOwnEvent = {
    [K in keyof typeof watchEvents]: z.infer<(typeof watchEvents)[K]>;
}[keyof typeof watchEvents];

export type WatchEvent = EncodeEvent | WatchOwnEvent;

/** @param file relative to the watched folder; not given for what is about the watch as a whole */
export type OnWatchEvent = (event: WatchEvent, file?: string) => void;
