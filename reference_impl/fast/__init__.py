"""The reference in one process on its virtual clock, some twenty times faster than on real audio.

Replaced are the wire, the wake word and the recogniser (by what they answered before), the media of calls,
and the processes of skills. Device, cloud, skills, faults and the property's side are the same code."""
