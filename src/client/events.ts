/**
 * What happens while a file is encoded. Every view, JSON lines included, is made from these. Their
 * form is that of the published schema, see event-schemas.ts.
 */
import type * as z from 'zod';
import type { ErrorCode } from '../protocol/errors.js';
import type { encodeEvents } from './event-schemas.js';

type Event<K extends keyof typeof encodeEvents> = z.infer<(typeof encodeEvents)[K]>;

export type DoneEvent = Event<'done'>;
export type PlanEvent = Event<'plan'>;

/** Clients must bear codes that are new to them; this program knows which there are. */
export type ErrorEvent = Omit<Event<'error'>, 'code'> & { code: ErrorCode };

/** Something that the user should know; not part of the JSON lines. */
export interface NoticeEvent {
    event: 'notice';
    message: string;
}

export type EncodeEvent =
    | Event<'hash'>
    | Event<'handshake'>
    | Event<'upload'>
    | Event<'job'>
    | Event<'download'>
    | DoneEvent
    | Event<'detached'>
    | PlanEvent
    | ErrorEvent
    | NoticeEvent;

/** One of several files: its place in the list of inputs, and its path as the user gave it (`stdin` for what came from there). */
export interface FileRef {
    index: number;
    file: string;
}
