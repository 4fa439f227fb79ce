import type { Settings } from '../../config/settings.js';
import type { JobLimits } from '../../protocol/worker-messages.js';

/** What the settings allow a job, wherever it runs. */
export const jobLimits = (settings: Settings): JobLimits => ({
    durationSeconds: settings.durationSeconds,
    wallClockSeconds: settings.jobSeconds,
    stallSeconds: settings.jobStallSeconds,
    outputBytes: settings.resultBytes,
});
