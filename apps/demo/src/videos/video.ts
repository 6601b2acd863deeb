/** A video that was taken in: what travels to a runner in its place. */
export interface Video {
  readonly id: string;
  /** Where ffmpeg reads it: a path here, the address of an object store in a real app. */
  readonly url: string;
}

/** What is known of a video once its thumbnails are made. */
export interface VideoRecord {
  readonly id: string;
  /** The thumbnails' addresses, in the order of the video. */
  readonly thumbnails: readonly string[];
  /** The process that made them. */
  readonly madeBy: number;
}
