"""The cloud: recognition, understanding, skills, speech, retention."""
