"""Whatever comes in over HTTP, the bus or the questions: a clear answer or a clear refusal, never a fall."""
