import { SourceError } from "../http.js";

/** A surrogate cannot be used, or lacks what it was asked for. The message is one line for the reader. */
export class SurrogateError extends SourceError {
  name = "SurrogateError";
}
