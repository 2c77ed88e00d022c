"""The built-in perception: one network for joints and labels.

perceiver.py     the network's looks at a photo, and joints and labels from them
backends.py      the pose and the parsing backend, and both in one
network.py       their network: joints and labels from one encoder
efficientnet.py  published weights the encoder can start from
depthwise.py     depthwise convolutions whose training is quick on a CPU
look.py          what the network saw in one frame, and what speaks for a person in it
search.py        where else to look for a person
enlarge.py       labels at the photo's size
features.py      what the encoder makes of a picture
"""
