// The levels of the hub's log. Commands check the option by this file, without loading the logger.

export const LOG_SETTINGS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogSetting = (typeof LOG_SETTINGS)[number]
