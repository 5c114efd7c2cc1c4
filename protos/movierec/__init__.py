"""What every part of movierec shares.

`movierec.v1` is the contract, generated from the `.proto` files beside it;
`movierec.chassis` is what both services are mounted on.
"""
