"""The control folder, which both services share: what is to serve, and what does.

Its contract is `movierec/v1/control.proto`.
"""
