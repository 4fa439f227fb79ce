/** What all answers have in common. */
import * as z from 'zod';
import { messageIdSchema, type About } from './shapes.js';

const re = messageIdSchema.meta({ description: 'the `id` of the message that it answers' });
/** The schema of an answer: a message that says which one it answers. */
export const reply = <const T extends string, S extends z.core.$ZodLooseShape>(
    type: T,
    about: About,
    shape: S,
) => z.object({ type: z.literal(type), re, ...shape }).meta({ ...about });
