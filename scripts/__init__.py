"""Commands for people who run or change Bigimage; no part of the running program."""
