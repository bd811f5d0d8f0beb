// How much the hub logs. Light: commands check the option without loading the logger.

export const LOG_SETTINGS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogSetting = (typeof LOG_SETTINGS)[number]
