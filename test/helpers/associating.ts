/** The engines that do UDP ASSOCIATE. */
export const associating: readonly string[] = ['portable']
