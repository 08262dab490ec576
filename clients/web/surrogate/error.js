import { SourceError } from "../http.js";

/** A surrogate that cannot be used, or has not got what it was asked for; the message is one line for the reader. */
export class SurrogateError extends SourceError {
  name = "SurrogateError";
}
