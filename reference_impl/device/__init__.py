"""The device: microphone, lights, wake word, stream."""
