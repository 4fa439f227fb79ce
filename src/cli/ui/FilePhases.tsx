/**
 * A single file while it is under way: a line for each phase, details below the one that goes on.
 */
import { Box, Text } from 'ink';
import { formatBytes, formatDuration, formatSpeed } from './format.js';
import { PHASES } from './model.js';
import type { FileModel, Phase } from './model.js';
import { encodeParts } from './plain-view.js';
import { ProgressBar } from './ProgressBar.js';
import { fit, sparkline, wrapParts } from './theme.js';
import type { Theme } from './theme.js';

const LABEL_WIDTH = 10;
const PERCENT_WIDTH = 6;
const MAX_BAR = 50;
const INDENT = 2;

/** What is told of a phase below its bar. */
function details(model: FileModel): string[] {
    const { phase, bytes, totalBytes, bytesPerSecond, etaSeconds } = model;
    const left = etaSeconds === undefined ? [] : [`${formatDuration(etaSeconds)} left`];
    switch (phase) {
        case 'hash':
        case 'download':
            return [`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`];
        case 'upload':
            return [
                `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
                ...(bytesPerSecond > 0 ? [formatSpeed(bytesPerSecond)] : []),
                ...left,
            ];
        case 'encode':
            return [...encodeParts(model), ...left];
        case 'queued':
        case 'package':
        case undefined:
            return [];
    }
}

/** The sizes of frames below the part of the bar that stands for them. */
function sparkWidth({ percent, frameBytes }: FileModel, barWidth: number): number {
    const share = percent === undefined ? frameBytes.length / barWidth : percent / 100;
    return Math.max(1, Math.min(barWidth, Math.round(share * barWidth)));
}

const sizesLabel = (): string => `${' '.repeat(INDENT)}${'sizes'.padEnd(LABEL_WIDTH)}`;

function ActivePhase(props: {
    phase: Phase;
    model: FileModel;
    width: number;
    theme: Theme;
}): React.ReactNode {
    const { phase, model, width, theme } = props;
    const { percent } = model;
    const barWidth = Math.min(MAX_BAR, width - INDENT - LABEL_WIDTH - PERCENT_WIDTH);
    return (
        <Box flexDirection="column">
            <Text wrap="truncate">
                <Text {...(theme.color ? { color: 'cyan' } : {})}>{`${theme.active} `}</Text>
                <Text bold={theme.color}>{phase.padEnd(LABEL_WIDTH)}</Text>
                {percent === undefined ? null : (
                    <>
                        <ProgressBar percent={percent} width={barWidth} theme={theme} />
                        {`${String(Math.floor(percent)).padStart(4)} %`}
                    </>
                )}
            </Text>
            {phase === 'encode' && model.frameBytes.length > 1 ? (
                <Text wrap="truncate">
                    <Text dimColor={theme.color}>{sizesLabel()}</Text>
                    {sparkline(model.frameBytes, sparkWidth(model, barWidth), theme)}
                </Text>
            ) : null}
            {wrapParts(details(model), width - INDENT, theme.dot).map((line) => (
                <Text key={line} wrap="truncate">{`${' '.repeat(INDENT)}${line}`}</Text>
            ))}
        </Box>
    );
}

/** One file with all its phases, for when it is the only one. */
export function FilePhases(props: {
    model: FileModel;
    width: number;
    theme: Theme;
}): React.ReactNode {
    const { model, width, theme } = props;
    const current = model.phase === undefined ? -1 : PHASES.indexOf(model.phase);
    return (
        <Box flexDirection="column">
            <Text bold={theme.color} wrap="truncate-middle">
                {fit(model.file, width, theme)}
            </Text>
            {PHASES.map((phase, index) => {
                if (index === current) {
                    return <ActivePhase key={phase} {...{ phase, model, width, theme }} />;
                }
                const skipped = model.skipped.includes(phase);
                const passed = index < current || skipped;
                const sign = passed ? theme.done : ' ';
                return (
                    <Text key={phase} dimColor={theme.color} wrap="truncate">
                        {`${sign} ${phase.padEnd(LABEL_WIDTH)}${skipped ? 'not needed' : ''}`.trimEnd()}
                    </Text>
                );
            })}
            {model.notice === undefined ? null : (
                <Text dimColor={theme.color} wrap="wrap">
                    {model.notice}
                </Text>
            )}
        </Box>
    );
}
