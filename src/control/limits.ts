/** How long a line over the control socket may be. */

/** A signed act of the most subjects with a corrected record of 64 KiB takes about 200 KiB. */
export const MAX_REQUEST_BYTES = 384 * 1024;
/** 256 KiB of evidence in base64 take 342 KiB. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
