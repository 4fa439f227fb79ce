/**
 * The lines that commands with `--json` write while they work, as schemas. docs/json.schema.json is
 * made from these; they are loaded for nothing else.
 */
import * as z from 'zod';
import { encodeEvents } from '../../client/event-schemas.js';
import { watchEvents } from '../watch/event-schemas.js';

/**
 * Of all JSON that commands write. It grows when a field is removed or changes its meaning; new
 * fields, events and codes do not change it.
 */
export const JSON_VERSION = 1;

const lineFields = {
    version: z.literal(JSON_VERSION).meta({ description: 'of the form of these lines' }),
    time: z.iso.datetime().meta({ description: 'when it was written' }),
};

const fileField = {
    file: z.string().meta({ description: 'the input, as the user gave it; "stdin" for `-`' }),
};

/** An event as the line that is written of it, named for the published schema. */
function line(id: string, event: z.ZodObject, more: z.core.$ZodLooseShape): z.ZodObject {
    const description = event.meta()?.description ?? '';
    return z.object({ ...event.shape, ...lineFields, ...more }).meta({ id, description });
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function lines(prefix: string, events: Record<string, z.ZodObject>, more = {}): z.ZodObject[] {
    return Object.entries(events).map(([name, event]) =>
        line(`${prefix}${capital(name)}`, event, more),
    );
}

const encodeLines = lines('Encode', encodeEvents, fileField);

export const encodeLineSchema = z
    .union(encodeLines)
    .meta({ id: 'EncodeLine', description: 'One line of `encode --json`.' });

/** What a watch tells of itself and the folder has no `file`. */
const GLOBAL_EVENTS: ReadonlySet<string> = new Set([
    'watching',
    'folder',
    'hold',
    'resume',
    'ended',
]);

const { detached: _, plan: __, ...watchedEvents } = encodeEvents;

const watchLines = [
    ...lines('Watch', watchedEvents, fileField),
    ...Object.entries(watchEvents).map(([name, event]) =>
        line(`Watch${capital(name)}`, event, GLOBAL_EVENTS.has(name) ? {} : fileField),
    ),
];

export const watchLineSchema = z.union(watchLines).meta({
    id: 'WatchLine',
    description: 'One line of `watch --json`.',
});
