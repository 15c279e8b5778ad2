"""KeywordSpotting: is the word in this second of sound "on"?"""
