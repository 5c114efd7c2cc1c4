"""MovieLens from GroupLens: which data sets there are, and how one is brought to a folder.

It needs no service, and nothing beyond Python: HTTP, MD5 and zip are in its library. Of those that
do such things for others (pooch, httpx, requests), none takes up a file that broke off, checks that
it is still the same one, and unpacks it within bounds, which is what there is to do here.
"""
